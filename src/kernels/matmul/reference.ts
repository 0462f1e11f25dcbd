import { broadcastShapes, broadcastStrides, type Shape, sizeOf, stridesOf } from '../../engine/shape.js';

/** c[…, m, n] = Σ_k a[…, m, k] · b[…, k, n], either operand with its last two axes exchanged where asked. */
export function matmulReference(
  a: ArrayLike<number>,
  aShape: Shape,
  b: ArrayLike<number>,
  bShape: Shape,
  { transposeA = false, transposeB = false } = {},
): { shape: Shape; values: Float64Array } {
  const [rows, depth] = transposeA ? aShape.slice(-2).reverse() : aShape.slice(-2);
  const columns = bShape[bShape.length - (transposeB ? 2 : 1)];
  const batch = broadcastShapes('matmul', aShape.slice(0, -2), bShape.slice(0, -2));
  const batchStrides = stridesOf(batch);
  const matrixOf = (shape: Shape, index: number) => {
    const strides = broadcastStrides(shape.slice(0, -2), batch);
    const matrix = batch.reduce(
      (at, extent, axis) => at + (Math.floor(index / batchStrides[axis]) % extent) * strides[axis],
      0,
    );
    return matrix * sizeOf(shape.slice(-2));
  };
  const values = new Float64Array(sizeOf(batch) * rows * columns);
  for (let index = 0; index < sizeOf(batch); index++) {
    const atA = matrixOf(aShape, index);
    const atB = matrixOf(bShape, index);
    for (let m = 0; m < rows; m++)
      for (let n = 0; n < columns; n++)
        for (let k = 0; k < depth; k++)
          values[(index * rows + m) * columns + n] +=
            a[atA + (transposeA ? k * rows + m : m * depth + k)] *
            b[atB + (transposeB ? n * depth + k : k * columns + n)];
  }
  return { shape: [...batch, rows, columns], values };
}
