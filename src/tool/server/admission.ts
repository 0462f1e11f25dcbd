import { Problem } from './problem.js';

/** Bounds how many predictions are under way at a time. An upload takes its place when it is complete, never while it arrives. */
export class Admission {
  private taken = 0;

  /** @param most Places. */
  constructor(private readonly most: number) {}

  /**
   * Takes a place.
   *
   * @returns To be called when the request has been answered; a second call does nothing
   * @throws Problem `too-many-requests`
   */
  enter(): () => void {
    if (this.taken >= this.most) {
      throw new Problem(
        'too-many-requests',
        `${this.most} predictions are under way, which is the most this server takes at a time; try again in a second.`,
        1,
      );
    }
    this.taken += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.taken -= 1;
    };
  }
}
