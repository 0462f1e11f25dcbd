import type { Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { ANY, BOOL } from '../../engine/operands.js';
import { signature } from '../../engine/signature.js';
import { binary, broadcasting, type Operand, unary } from './broadcasting.js';

// Comparisons give bool, without a gradient. One with NaN is false, but for notEqual.

function comparison(name: string, body: string, whole: string): (a: Operand, b: Operand) => Tensor {
  return binary({ name, body: `return ${body};`, whole: `return ${whole};`, predicate: true, gradients: [] });
}

/** Whether a = b, broadcast. */
export const equal = comparison('equal', 'isEqual(x, y)', 'x == y');
/** Whether a ≠ b, broadcast; true where either is NaN. */
export const notEqual = comparison('notEqual', '!isEqual(x, y)', 'x != y');
/** Whether a < b, broadcast. */
export const less = comparison('less', 'isLess(x, y)', 'x < y');
/** Whether a ≤ b, broadcast. */
export const lessEqual = comparison('lessEqual', 'isLess(x, y) | isEqual(x, y)', 'x <= y');
/** Whether a > b, broadcast. */
export const greater = comparison('greater', 'isLess(y, x)', 'x > y');
/** Whether a ≥ b, broadcast. */
export const greaterEqual = comparison('greaterEqual', 'isLess(y, x) | isEqual(x, y)', 'x >= y');

// Operands of logical operations are true where they are not 0, so where they are NaN as well.

const truth = (x: string) => `((bitcast<NanWords>(${x}) & NanWords(0x7fffffff)) != NanWords(0))`;

/** Whether both a and b are true, broadcast. */
export const logicalAnd = comparison('logicalAnd', `${truth('x')} & ${truth('y')}`, '(x != T(0)) & (y != T(0))');
/** Whether a or b is true, broadcast. */
export const logicalOr = comparison('logicalOr', `${truth('x')} | ${truth('y')}`, '(x != T(0)) | (y != T(0))');
/** Whether one of a and b is true and the other is not, broadcast. */
export const logicalXor = comparison('logicalXor', `${truth('x')} != ${truth('y')}`, '(x != T(0)) != (y != T(0))');

function predicate(name: string, body: string, whole: string): (x: Tensor) => Tensor {
  return unary({ name, body: `return ${body};`, whole: `return ${whole};`, predicate: true });
}

/** Whether x is not true. */
export const logicalNot = predicate('logicalNot', `!${truth('x')}`, 'x == T(0)');
/** Whether x is NaN. Counterpart: torch.isnan. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name in PyTorch and tfjs, for tensors.
export const isNaN = predicate('isNaN', 'isNan(x)', 'x != x');
/** Whether x is ∞ or −∞. Counterpart: torch.isinf. */
export const isInf = predicate('isInf', '!isFinite(x) & !isNan(x)', 'x != x');
/** Whether x is neither NaN nor infinite. Counterpart: torch.isfinite. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the name in PyTorch and tfjs, for tensors.
export const isFinite = predicate('isFinite', 'isFinite(x)', 'x == x');

const choice = broadcasting({
  name: 'where',
  arity: 3,
  conditional: true,
  operands: { condition: BOOL, a: ANY },
  body: 'return select(z, y, x != T(0.0));',
  whole: 'return select(z, y, x != T(0));',
  gradients: [
    undefined,
    ({ dy, operands: [condition] }) => choice(condition, dy, 0),
    ({ dy, operands: [condition] }) => choice(condition, 0, dy),
  ],
});

const either = kinds.either(kinds.tensor, kinds.scalar);
const whereTakes = signature('where', { condition: kinds.tensor, a: either, b: either });

/**
 * a where the condition is true, b elsewhere, all three broadcast. What is not chosen takes no part: it gets a gradient
 * of 0, also where it is NaN. Counterpart: torch.where.
 *
 * @param condition Of bool, as comparisons give it.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  whereTakes(arguments);
  return choice(condition, a, b);
}
