/** Limits of the server. */
export interface ServerLimits {
  /** Bytes of one uploaded file. */
  readonly fileBytes: number;
  /** Pixels of one frame. */
  readonly pixels: number;
  /** Frames of one file; only the one asked for is decoded. */
  readonly frames: number;
  /** Maximum number of predictions in progress, waiting ones included. More are rejected with 429. */
  readonly concurrent: number;
  /** Maximum bytes of uploads in memory. Above it the slowest upload is rejected with 429. */
  readonly concurrentBytes: number;
  /** Maximum number of open connections. Above it the one idle or incomplete for longest is closed. */
  readonly connections: number;
  /** Milliseconds from a request's first byte to its answer. */
  readonly milliseconds: number;
  /** Milliseconds within which headers must be complete, and which a body may take in addition to `bytesPerSecond`. */
  readonly patience: number;
  /**
   * Rate at which a body must arrive: each so many bytes give it another second, up to `milliseconds`, as `MinRate`
   * does in Apache's mod_reqtimeout.
   */
  readonly bytesPerSecond: number;
}

const MEBIBYTE = 2 ** 20;

export const DEFAULT_LIMITS: ServerLimits = {
  fileBytes: 64 * MEBIBYTE,
  pixels: 25_000_000,
  frames: 5_000,
  concurrent: 256,
  concurrentBytes: 512 * MEBIBYTE,
  connections: 2048,
  milliseconds: 30_000,
  patience: 5_000,
  bytesPerSecond: 64 * 1024,
};
