import { Problem } from './problem.js';

/** Limits the number of predictions in progress. An upload takes a slot when it is complete, not while it arrives. */
export class Admission {
  private taken = 0;

  /** @param most Number of slots. */
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
        `${this.most} predictions are in progress, the maximum of this server; try again in a second.`,
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
