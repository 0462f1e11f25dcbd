/** Distributions over a stream of random words. Subclasses say where the words come from. */
export abstract class RandomDraws {
  /** 32 random bits, unsigned. */
  abstract word(): number;

  /** Uniform on [low, high), in 2³² steps. */
  uniform(low: number, high: number): number {
    return low + (high - low) * (this.word() / 2 ** 32);
  }

  /** Uniform on (0, 1]: safe to take the logarithm of. */
  positive(): number {
    return (this.word() + 1) / 2 ** 32;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.uniform(0, 1) < probability;
  }

  /**
   * A whole number from 0 to count − 1. With n counted of 2³² words, no number is more than 1 + n/2³² times as likely.
   */
  below(count: number): number {
    return Math.floor(this.uniform(0, count));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  /** Normal deviate (Box–Muller). */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(this.positive()));
    return mean + deviation * radius * Math.cos(this.uniform(0, 2 * Math.PI));
  }
}
