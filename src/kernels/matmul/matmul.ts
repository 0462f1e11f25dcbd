import { LimitError, ShapeError } from '../../engine/errors.js';
import { record } from '../../engine/graph.js';
import * as kinds from '../../engine/kinds.js';
import { FLOATS } from '../../engine/operands.js';
import type { Lowering, Operation, Value } from '../../engine/operation.js';
import {
  broadcastShapes,
  broadcastStrides,
  formatShape,
  type Shape,
  sizeOf,
  type TensorSpec,
} from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import type { Tensor } from '../../engine/tensor.js';
import { type Kernel, kernel, uniforms } from '../../engine/wgsl/index.js';
import { sumTo } from '../broadcast/broadcast.js';
import { elementOf, tiledKernelOf, tileExtent } from '../implicit-gemm/tile.js';
import {
  chooseVariant,
  commonType,
  KERNEL_VARIANTS,
  type KernelVariant,
  type ProductExtent,
  subgroupLanes,
  variantsFor,
} from '../implicit-gemm/variants.js';
import lanesSource from './matmul.lanes.wgsl';
import matmulTiledSource from './matmul.tiled.wgsl';

export interface MatmulOptions {
  /** Use a with its last two axes exchanged. Nothing is copied. */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Kernel to run on; chosen from the adapter when absent. */
  readonly variant?: KernelVariant;
}

export interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly variant?: KernelVariant;
}

const matmulTakes = signature<MatmulOptions>(
  'matmul',
  { a: kinds.tensor, b: kinds.tensor },
  {
    transposeA: kinds.optional(kinds.flag),
    transposeB: kinds.optional(kinds.flag),
    variant: kinds.optional(kinds.oneOf(...KERNEL_VARIANTS)),
  },
);

/**
 * Matrix product: a [..., M, K] times b [..., K, N] gives [..., M, N]. Leading axes are batch axes and broadcast.
 * PyTorch's `torch.matmul` for operands of rank 2 and more.
 * @throws ShapeError if a rank is below 2, the inner extents differ, or the batch axes do not broadcast.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  matmulTakes(arguments);
  const { transposeA = false, transposeB = false, variant } = options;
  return record(matmulOperation, [a, b], { transposeA, transposeB, variant })[0];
}

/** Rows and columns of a matrix as it is used. */
function used(shape: Shape, transpose: boolean): readonly [rows: number, columns: number] {
  const [rows, columns] = shape.slice(-2);
  return transpose ? [columns, rows] : [rows, columns];
}

export const matmulOperation: Operation<MatmulAttributes> = {
  name: 'matmul',
  operands: { a: FLOATS, b: FLOATS },

  shape([a, b], { transposeA, transposeB }) {
    if (a.shape.length < 2 || b.shape.length < 2) {
      throw new ShapeError(
        `matmul: the operands are ${formatShape(a.shape)} and ${formatShape(b.shape)}; both must have rank 2 or more, so ` +
          'reshape a vector to one row or one column.',
      );
    }
    const [rows, depthA] = used(a.shape, transposeA);
    const [depthB, columns] = used(b.shape, transposeB);
    if (depthA !== depthB) {
      throw new ShapeError(
        `matmul: a has ${depthA} columns (shape ${formatShape(a.shape)}${transposeA ? ', transposed' : ''}) and b has ` +
          `${depthB} rows (shape ${formatShape(b.shape)}${transposeB ? ', transposed' : ''}); they must be equal, perhaps ` +
          'with transposeA or transposeB.',
      );
    }
    const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
    // Kept in f16 where both operands are; the sums are f32 in any case.
    const dtype = a.dtype === 'f16' && b.dtype === 'f16' ? 'f16' : 'f32';
    return [{ shape: [...batch, rows, columns], dtype }];
  },

  variants(inputs, attributes, adapter) {
    return variantsFor(adapter, extentOf(this.shape(inputs, attributes)[0].shape, inputs));
  },

  lower(lowering, [a, b], [c], attributes) {
    lowerProducts(lowering, { label: 'matmul', a, b, c, ...attributes });
  },

  // C = op(A) op(B):  d op(A) = dC op(B)ᵀ,  d op(B) = op(A)ᵀ dC; a transposed operand receives the transposed product.
  gradient({ inputs: [a, b], attributes: { transposeA, transposeB, variant }, outputGradients: [dc], wanted }) {
    if (!dc) return [undefined, undefined];
    const da = () =>
      transposeA
        ? matmul(b, dc, { transposeA: transposeB, transposeB: true, variant })
        : matmul(dc, b, { transposeB: !transposeB, variant });
    const db = () =>
      transposeB
        ? matmul(dc, a, { transposeA: true, transposeB: transposeA, variant })
        : matmul(a, dc, { transposeA: !transposeA, variant });
    return [wanted[0] ? sumTo(da(), a.shape) : undefined, wanted[1] ? sumTo(db(), b.shape) : undefined];
  },
};

/** A batch of products as a kernel sees it, from the shape of its result. */
function extentOf(shape: Shape, operands: readonly TensorSpec[]): ProductExtent & { readonly batch: number } {
  const [rows, columns] = shape.slice(-2);
  return { rows, columns, batch: sizeOf(shape.slice(0, -2)), dtype: commonType(operands) };
}

/** c = op(a) op(b), leading axes being batch axes that broadcast. */
export interface Products extends MatmulAttributes {
  readonly label: string;
  readonly a: Value;
  readonly b: Value;
  readonly c: Value;
}

/** Lowers a batch of matrix products to one dispatch. */
export function lowerProducts(lowering: Lowering, { label, a, b, c, transposeA, transposeB, variant }: Products): void {
  const batchShape = c.shape.slice(0, -2);
  const extent = extentOf(c.shape, [a, b]);
  const { rows, columns, batch } = extent;
  const depth = used(a.shape, transposeA)[1];
  if (batch > 65535) {
    throw new LimitError(
      `${label}: ${batch} products in one call (shape ${formatShape(c.shape)}); the most is 65535, so split the batch.`,
    );
  }
  const chosen = chooseVariant(lowering, variant, extent);
  const extents = { rows, columns, depth };
  const { tile, ...own } =
    chosen === 'lanes'
      ? lanesKernel(lowering, extents, transposeA, transposeB)
      : tiledKernel(lowering, chosen, { a, b, c, transposeA, transposeB }, extents);
  lowering.dispatch({
    label,
    ...own,
    bindings: [a, b, lowering.constant(batchOffsets(batchShape, a.shape, b.shape)), c],
    writes: [3],
    workgroups: [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows), batch],
    flops: 2 * batch * rows * columns * depth,
  });
}

/** For each product of the batch, the elements at which its matrices begin. */
function batchOffsets(batch: Shape, a: Shape, b: Shape): Uint32Array {
  const strides = [a, b].map((shape) => broadcastStrides(shape.slice(0, -2), batch));
  const matrixSizes = [a, b].map((shape) => sizeOf(shape.slice(-2)));
  const offsets = new Uint32Array(2 * sizeOf(batch));
  for (let index = 0; index < offsets.length / 2; index++) {
    let rest = index;
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const coordinate = rest % batch[axis];
      rest = (rest - coordinate) / batch[axis];
      for (const operand of [0, 1]) {
        offsets[2 * index + operand] += coordinate * strides[operand][axis] * matrixSizes[operand];
      }
    }
  }
  return offsets;
}

/** Rows and columns of a product, and what is summed over. */
interface Extents {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

const extentUniforms = uniforms({ rows: 'u32', columns: 'u32', depth: 'u32' });

interface TileKernel extends Kernel {
  readonly tile: { readonly rows: number; readonly columns: number };
}

function lanesKernel(lowering: Lowering, extents: Extents, transposeA: boolean, transposeB: boolean): TileKernel {
  const { rows, columns, depth } = extents;
  const lanes = subgroupLanes(lowering.adapter);
  const width = columns > lanes && columns % 2 === 0 ? 2 : 1;
  const accumulator = width === 1 ? 'f32' : 'vec2f';
  const vectorA = (transposeA ? rows : depth) % 4 === 0;
  const vectorB = transposeB ? depth % 4 === 0 : true;
  // Few rows fill half a tile. Where A lies transposed a lane loads four of its rows at once, so there it takes four
  // sets.
  const sets = !transposeA && rows <= 2 * lanes ? 2 : 4;
  const tileRows = sets * lanes;
  const each = (of: (v: number) => string) => Array.from({ length: width }, (_, v) => of(v)).join(', ');
  const constants: Record<string, string | number | boolean> = {
    LANES: lanes,
    WIDTH: width,
    SETS: sets,
    ROWS: tileRows,
    ACC: accumulator,
    TYPE_A: vectorA ? 'vec4f' : 'f32',
    TYPE_B: !vectorB ? 'f32' : transposeB ? 'vec4f' : accumulator,
    VECTOR_A: vectorA,
    VECTOR_B: vectorB,
    TRANSPOSE_A: transposeA,
    TRANSPOSE_B: transposeB,
    LAST_QUAD: vectorA ? 4 : 1,
    RAGGED: depth % 4 !== 0,
  };
  for (let e = 0; e < 4; e++) constants[`COLUMN_${e}`] = each((v) => `w${v}[${e}]`);
  return {
    ...kernel(lanesSource, { constants, uniforms: extentUniforms(extents) }),
    tile: { rows: tileRows, columns: lanes * width },
  };
}

function tiledKernel(
  lowering: Lowering,
  variant: KernelVariant,
  { a, b, c, transposeA, transposeB }: Omit<Products, 'label'>,
  extents: Extents,
): TileKernel {
  const { rows, columns, depth } = extents;
  const vectorA = (transposeA ? rows : depth) % 4 === 0;
  const vectorB = (transposeB ? depth : columns) % 4 === 0;
  const vectorC = columns % 4 === 0;
  const constants = {
    TYPE_A: elementOf(a.dtype, vectorA),
    TYPE_B: elementOf(b.dtype, vectorB),
    TYPE_C: elementOf(c.dtype, vectorC),
    VECTOR_A: vectorA,
    VECTOR_B: vectorB,
    VECTOR_C: vectorC,
    TRANSPOSE_A: transposeA,
    TRANSPOSE_B: transposeB,
  };
  const extent = tileExtent(variant);
  return {
    ...tiledKernelOf(lowering, variant, matmulTiledSource, { constants, uniforms: extentUniforms(extents) }),
    tile: { rows: extent, columns: extent },
  };
}
