/** What the server takes on at most. */
export interface ServerLimits {
  /** Bytes of one uploaded file. */
  readonly fileBytes: number;
  /** Pixels of one frame. */
  readonly pixels: number;
  /** Frames of one file; only the one asked for is decoded. */
  readonly frames: number;
  /** Predictions under way at a time, those that wait included. More are refused with 429. */
  readonly concurrent: number;
  /** Bytes of the uploads in memory at a time. Beyond it the slowest upload is refused with 429. */
  readonly concurrentBytes: number;
  /** Connections open at a time. Beyond it the one that has been idle or incomplete for longest is closed. */
  readonly connections: number;
  /** Milliseconds from a request's first byte to its answer. */
  readonly milliseconds: number;
  /** Milliseconds in which a request's headers must be complete, and which its body may take beside `bytesPerSecond`. */
  readonly patience: number;
  /**
   * Rate at which a body must arrive: each so many bytes give it another second, up to `milliseconds`, as `MinRate` does in
   * Apache's mod_reqtimeout.
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
