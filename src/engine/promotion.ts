// The type in which operands of several types are computed with, by PyTorch's rules: docs/engine/types.md has them.
import { ShapeError } from './errors.js';
import { type DType, isFloat, sizeOf, type TensorSpec } from './shape.js';

/** Truth values, whole numbers, floats: a later category wins over an earlier one. */
function categoryOf(dtype: DType): number {
  if (dtype === 'bool') return 0;
  return isFloat(dtype) ? 2 : 1;
}

/**
 * The common type of operands (PyTorch's `result_type`). Tensors of several values decide among themselves; single
 * values and then numbers have a say only if their category is a later one.
 *
 * @param numbers Operands given as JavaScript numbers: whole ones count as i32, others as f32.
 * @throws ShapeError for i32 beside u32, and for a negative number beside u32
 */
export function promote(name: string, operands: readonly TensorSpec[], numbers: readonly number[] = []): DType {
  const isSingle = (operand: TensorSpec) => sizeOf(operand.shape) === 1;
  const groups = [operands.filter((operand) => !isSingle(operand)), operands.filter(isSingle)].map((group) =>
    group.map(({ dtype }) => dtype),
  );
  groups.push(numbers.map((value) => (Number.isInteger(value) ? 'i32' : 'f32')));
  let common: DType | undefined;
  for (const group of groups) {
    const own = group.reduce<DType | undefined>((a, b) => (a === undefined ? b : commonOf(name, a, b)), undefined);
    if (own !== undefined && (common === undefined || categoryOf(own) > categoryOf(common))) common = own;
  }
  const negative = numbers.find((value) => value < 0);
  if (common === 'u32' && negative !== undefined) {
    throw new ShapeError(`${name}: ${negative} beside a tensor of u32, which has no negative numbers; cast it to i32.`);
  }
  return common ?? 'f32';
}

function commonOf(name: string, a: DType, b: DType): DType {
  if (categoryOf(a) !== categoryOf(b)) return categoryOf(a) > categoryOf(b) ? a : b;
  if (a === b) return a;
  if (isFloat(a)) return 'f32';
  throw new ShapeError(`${name}: i32 and u32 have no common type; cast one operand to the type of the other.`);
}
