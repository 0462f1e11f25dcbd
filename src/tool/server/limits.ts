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
  /** Bytes of the uploads under way at a time. More are refused with 429. */
  readonly concurrentBytes: number;
  /** Milliseconds from a request's first byte to its answer. */
  readonly milliseconds: number;
}

const MEBIBYTE = 2 ** 20;

export const DEFAULT_LIMITS: ServerLimits = {
  fileBytes: 64 * MEBIBYTE,
  pixels: 25_000_000,
  frames: 5_000,
  concurrent: 256,
  concurrentBytes: 512 * MEBIBYTE,
  milliseconds: 30_000,
};
