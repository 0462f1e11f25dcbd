import type { TensorSpec } from './shape.js';
import { template } from './template.js';

/**
 * A kernel's text for operands of these types: `{{NAME}}` becomes f32, f16 or u32. Kernels keep values as their operands have
 * them and compute in f32. Other constants of the template may stand beside them.
 */
export function withTypes(
  source: string,
  operands: Readonly<Record<string, Pick<TensorSpec, 'dtype'>>>,
  constants: Readonly<Record<string, string | number | boolean>> = {},
): string {
  const types = Object.fromEntries(Object.entries(operands).map(([name, { dtype }]) => [name, dtype]));
  return enableHalves(template(source, { ...constants, ...types }), Object.values(operands));
}

/** The text with the extension that f16 needs, where an operand is f16. */
export function enableHalves(source: string, operands: readonly Pick<TensorSpec, 'dtype'>[]): string {
  return operands.some(({ dtype }) => dtype === 'f16') ? `enable f16;\n${source}` : source;
}
