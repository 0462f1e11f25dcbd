// The optimizers on plain numbers, in float64.

export interface OptimizerReference {
  readonly parameter: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

export function stateReference(parameter: ArrayLike<number>): OptimizerReference {
  const { length } = parameter;
  return {
    parameter: Float64Array.from(parameter),
    first: new Float64Array(length),
    second: new Float64Array(length),
  };
}

/** Step `t` (from 1) of Adam, or of AdamW where `decoupled`. Updates `state`. */
export function adamReference(
  { parameter, first, second }: OptimizerReference,
  gradient: ArrayLike<number>,
  t: number,
  {
    rate,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    decay = 0,
    decoupled = false,
  }: {
    readonly rate: number;
    readonly beta1?: number;
    readonly beta2?: number;
    readonly epsilon?: number;
    readonly decay?: number;
    readonly decoupled?: boolean;
  },
): void {
  for (let i = 0; i < parameter.length; i++) {
    if (decoupled) parameter[i] *= 1 - rate * decay;
    const g = gradient[i] + (decoupled ? 0 : decay * parameter[i]);
    first[i] = beta1 * first[i] + (1 - beta1) * g;
    second[i] = beta2 * second[i] + (1 - beta2) * g * g;
    const mean = first[i] / (1 - beta1 ** t);
    const meanSquare = second[i] / (1 - beta2 ** t);
    parameter[i] -= (rate * mean) / (Math.sqrt(meanSquare) + epsilon);
  }
}

/** A step of gradient descent with momentum. Updates `state`. */
export function sgdReference(
  { parameter, first }: OptimizerReference,
  gradient: ArrayLike<number>,
  { rate, momentum = 0, decay = 0 }: { readonly rate: number; readonly momentum?: number; readonly decay?: number },
): void {
  for (let i = 0; i < parameter.length; i++) {
    first[i] = momentum * first[i] + gradient[i] + decay * parameter[i];
    parameter[i] -= rate * first[i];
  }
}
