/** The amplitude ratio of a level: 10^(level/20), as one exponential, which is several times faster than a power. */
export function amplitudeOf(level: number): number {
  return Math.exp(level * (Math.LN10 / 20));
}
