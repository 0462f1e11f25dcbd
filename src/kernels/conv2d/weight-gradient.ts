import { LimitError } from '../../engine/errors.js';
import type { AdapterTraits, Lowering, Value } from '../../engine/operation.js';
import { formatShape, type Shape, sizeOf, type TensorSpec } from '../../engine/shape.js';
import { type Kernel, kernel, type Uniforms, uniforms } from '../../engine/wgsl/index.js';
import { sumSplits } from '../implicit-gemm/split-k.js';
import { tiledKernelOf, tileExtent } from '../implicit-gemm/tile.js';
import { type ConvExtent, commonType, type KernelVariant, subgroupLanes } from '../implicit-gemm/variants.js';
import type { ConvGeometry } from './geometry.js';
import { widen } from './implicit-gemm.js';
import lanesSource from './weight-gradient.lanes.wgsl';
import weightTiledSource from './weight-gradient.tiled.wgsl';
import { winogradFit } from './winograd.js';

/**
 * The gradient of a convolution by its weight: x [N, H, W, inC], gy [N, outH, outW, outC] to gw [outC, kH, kW, inC /
 * groups].
 */
export interface WeightGradient {
  readonly label: string;
  readonly x: Value;
  readonly gy: Value;
  readonly gw: Value;
  readonly geometry: ConvGeometry;
  readonly variant: KernelVariant;
}

/** The second pass adds this many values in one invocation at most. */
const MOST_SPLITS = 256;

/** The gradient by a weight of this shape as products; splits make many of each. */
export function weightGradientExtent(
  adapter: AdapterTraits,
  gw: Shape,
  operands: readonly TensorSpec[],
  geometry: ConvGeometry,
): ConvExtent {
  const { groups } = geometry;
  const [outC, kernelH, kernelW, groupIn] = gw;
  return {
    rows: outC / groups,
    columns: kernelH * kernelW * groupIn,
    batch: groups * MOST_SPLITS,
    dtype: commonType(operands),
    widens: true,
    winograd: winogradFit(adapter, operands[1].shape, gw, geometry),
  };
}

/** Lowers to one dispatch of partial sums over splits of (n, oh), and a second that adds them in order. */
export function lowerWeightGradient(lowering: Lowering, { label, x, gy, gw, geometry, variant }: WeightGradient): void {
  const [batch, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = gy.shape;
  const [, kernelH, kernelW, groupIn] = gw.shape;
  const { stride, padding, dilation, groups } = geometry;
  const groupOut = outC / groups;
  const columns = kernelH * kernelW * groupIn;
  const size = sizeOf(gw.shape);
  const lines = batch * outH;
  if (variant === 'lanes' && commonType([x, gy]) === 'f16') {
    const wide = { x: widen(lowering, x), gy: widen(lowering, gy) };
    lowerWeightGradient(lowering, { label, ...wide, gw, geometry, variant });
    return;
  }
  const { tile, built } =
    variant === 'lanes'
      ? lanesKernel(lowering, groupIn, groupOut)
      : tiledKernel(lowering, variant, { x, gy }, groupIn, groupOut);
  const tiles = [Math.ceil(columns / tile.columns), Math.ceil(groupOut / tile.rows)] as const;

  const limit = lowering.limits.maxStorageBufferBindingSize;
  if (size * 4 > limit) {
    throw new LimitError(
      `${label}: the gradient of a weight ${formatShape(gw.shape)} takes ${size * 4} bytes and this adapter binds at most ` +
        `${limit}; use fewer channels or more groups.`,
    );
  }
  const wanted = Math.ceil(tile.workgroups / (tiles[0] * tiles[1] * groups));
  const most = Math.min(lines, MOST_SPLITS, Math.floor(limit / (size * 4)), Math.floor(65535 / groups));
  const splitLines = Math.ceil(lines / Math.max(1, Math.min(wanted, most)));
  const splits = Math.ceil(lines / splitLines);
  const partial = splits > 1 ? lowering.scratch([splits, size]) : gw;

  lowering.dispatch({
    label,
    ...built(
      gradientUniforms({
        inH,
        inW,
        inC,
        outH,
        outW,
        outC,
        strideH: stride[0],
        strideW: stride[1],
        paddingH: padding[0],
        paddingW: padding[1],
        dilationH: dilation[0],
        dilationW: dilation[1],
        kernelW,
        groupIn,
        groupOut,
        columns,
        groups,
        lines,
        splitLines,
        size,
      }),
    ),
    bindings: [x, gy, partial],
    writes: [2],
    workgroups: [tiles[0], tiles[1], splits * groups],
    flops: 2 * batch * outH * outW * outC * columns,
  });
  if (splits > 1) sumSplits(lowering, `${label}.sum`, partial, gw, splits);
}

const gradientUniforms = uniforms({
  inH: 'u32',
  inW: 'u32',
  inC: 'u32',
  outH: 'u32',
  outW: 'u32',
  outC: 'u32',
  strideH: 'u32',
  strideW: 'u32',
  paddingH: 'u32',
  paddingW: 'u32',
  dilationH: 'u32',
  dilationW: 'u32',
  kernelW: 'u32',
  groupIn: 'u32',
  groupOut: 'u32',
  columns: 'u32',
  groups: 'u32',
  lines: 'u32',
  splitLines: 'u32',
  size: 'u32',
});

interface TileKernel {
  readonly tile: {
    readonly rows: number;
    readonly columns: number;
    /** Workgroups that keep the adapter busy. */
    readonly workgroups: number;
  };
  readonly built: (uniforms: Uniforms) => Kernel;
}

function lanesKernel(lowering: Lowering, groupIn: number, groupOut: number): TileKernel {
  const lanes = subgroupLanes(lowering.adapter);
  const width = groupIn % 4 === 0 ? 4 : 1;
  const quads = groupOut > lanes ? lanes / 2 : lanes / 4;
  const rows = 4 * quads;
  // Of a head's few channels every loaded position costs a little time, and unrolled for more of them the kernel much
  // compilation.
  const shared = groupOut > lanes / 2 ? lanes / quads : Math.min(2, lanes / quads);
  const constants: Record<string, string | number | boolean> = {
    LANES: lanes,
    WIDTH: width,
    ACC: width === 1 ? 'f32' : `vec${width}f`,
    VECTOR_OUT: groupOut % 4 === 0,
    ROWS: rows,
    QUADS: quads,
    SHARED: shared,
  };
  return {
    tile: { rows, columns: lanes * width, workgroups: 64 },
    built: (own) => kernel(lanesSource, { constants, uniforms: own }),
  };
}

function tiledKernel(
  lowering: Lowering,
  variant: KernelVariant,
  { x, gy }: Pick<WeightGradient, 'x' | 'gy'>,
  groupIn: number,
  groupOut: number,
): TileKernel {
  const constants = {
    ...{ X: x.dtype, GY: gy.dtype },
    ...{ VECTOR_IN: groupIn % 4 === 0, VECTOR_OUT: groupOut % 4 === 0 },
  };
  const extent = tileExtent(variant);
  return {
    tile: { rows: extent, columns: extent, workgroups: (1024 * 64) / extent },
    built: (own) => tiledKernelOf(lowering, variant, weightTiledSource, { constants, uniforms: own }),
  };
}
