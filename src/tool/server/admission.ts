import { Problem } from './problem.js';

/** Bounds how many uploads, and how many bytes of them, are in the house at a time. */
export class Admission {
  private requests = 0;
  private bytes = 0;

  constructor(private readonly most: { readonly requests: number; readonly bytes: number }) {}

  /** Uploads in the house. */
  get count(): number {
    return this.requests;
  }

  /**
   * Lets an upload in.
   *
   * @param bytes What it announces, or the most that it may have
   * @returns To be called when it has been answered; a second call does nothing
   * @throws Problem `too-many-requests`
   */
  enter(bytes: number): () => void {
    const { most } = this;
    if (this.requests >= most.requests) {
      throw new Problem(
        'too-many-requests',
        `${most.requests} predictions are under way, which is the most this server takes at a time; try again in a second.`,
        1,
      );
    }
    // A single upload within its own limit is let in whatever the sum, or it never would be.
    if (this.requests > 0 && this.bytes + bytes > most.bytes) {
      throw new Problem(
        'too-many-requests',
        `Uploads of ${this.bytes} bytes are under way, and ${bytes} more are beyond the ${most.bytes} that this server holds at a time; try again in a second.`,
        1,
      );
    }
    this.requests += 1;
    this.bytes += bytes;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.requests -= 1;
      this.bytes -= bytes;
    };
  }
}
