import erf from '@stdlib/math-base-special-erf';
import erfc from '@stdlib/math-base-special-erfc';
import erfcinv from '@stdlib/math-base-special-erfcinv';
import erfcx from '@stdlib/math-base-special-erfcx';

/**
 * ln(x), x = Φ(z): the probability that a standard normal deviate is at most z. Exact to rounding far into the lower
 * tail.
 */
export function logNormalCdf(z: number): number {
  // Below −1, Φ(z) = erfcx(−z/√2)·exp(−z²/2)/2, and only the logarithm stays within the range of doubles.
  if (z < -1) return Math.log(erfcx(-z * Math.SQRT1_2) / 2) - (z * z) / 2;
  return Math.log1p(-erfc(z * Math.SQRT1_2) / 2);
}

/** ln(Φ(b) − Φ(a)) for a ≤ b: the mass of the standard normal distribution between two points. */
export function logNormalMass(a: number, b: number): number {
  // Signs differ: the error functions add up, and nothing cancels.
  if (a <= 0 && b >= 0) return Math.log((erf(b * Math.SQRT1_2) - erf(a * Math.SQRT1_2)) / 2);
  // The upper tail is the lower one mirrored.
  const [below, above] = a > 0 ? [-b, -a] : [a, b];
  const upper = logNormalCdf(above);
  return upper + Math.log(-Math.expm1(logNormalCdf(below) - upper));
}

const LOG_SQRT_2PI = Math.log(2 * Math.PI) / 2;

/** A normal distribution cut off outside [low, high]. Its mean before the cut lies within. */
export class TruncatedNormal {
  readonly #logMass: number;

  constructor(
    readonly mean: number,
    readonly deviation: number,
    readonly low: number,
    readonly high: number,
  ) {
    this.#logMass = logNormalMass(this.#standard(low), this.#standard(high));
  }

  /** Logarithm of the density at `x`; −∞ outside of the range. */
  logDensity(x: number): number {
    if (x < this.low || x > this.high) return Number.NEGATIVE_INFINITY;
    const z = this.#standard(x);
    return -(z * z) / 2 - LOG_SQRT_2PI - Math.log(this.deviation) - this.#logMass;
  }

  /** Logarithm of the probability of [from, to], which lies within the range. */
  logProbability(from: number, to: number): number {
    return logNormalMass(this.#standard(from), this.#standard(to)) - this.#logMass;
  }

  /** The value below which the share `u` of all draws lies: a draw, where u is uniform on (0, 1). */
  quantile(u: number): number {
    const mass = Math.exp(this.#logMass);
    const lower = erfc(-this.#standard(this.low) * Math.SQRT1_2) / 2 + u * mass;
    // From the nearer tail, since a probability near 1 has lost the digits that tell how near.
    const z =
      lower <= 0.5
        ? -Math.SQRT2 * erfcinv(2 * lower)
        : Math.SQRT2 * erfcinv(2 * (erfc(this.#standard(this.high) * Math.SQRT1_2) / 2 + (1 - u) * mass));
    return Math.min(Math.max(this.mean + this.deviation * z, this.low), this.high);
  }

  #standard(x: number): number {
    return (x - this.mean) / this.deviation;
  }
}
