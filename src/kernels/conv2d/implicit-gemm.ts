import { castOperation } from '../../engine/basic-operations.js';
import type { AdapterTraits, Lowering, Value } from '../../engine/operation.js';
import { type Shape, sizeOf, type TensorSpec } from '../../engine/shape.js';
import { type Kernel, kernel, type Uniforms, uniforms } from '../../engine/wgsl/index.js';
import momentsSource from '../implicit-gemm/moments.wgsl';
import { type SplitK, splitK, sumSplits, WHOLE } from '../implicit-gemm/split-k.js';
import { joinStatistics, lowerStatistics } from '../implicit-gemm/statistics.js';
import { elementOf, fitsStatistics, tiledKernelOf, tileExtent } from '../implicit-gemm/tile.js';
import {
  type ConvExtent,
  type ConvVariant,
  chooseConvVariant,
  commonType,
  isMatrix,
  type KernelVariant,
  subgroupLanes,
} from '../implicit-gemm/variants.js';
import { withNan } from '../nan.js';
import { exchangeChannels } from './exchange-channels.js';
import {
  type ConvAttributes,
  type ConvGeometry,
  type Epilogue,
  forwardAxis,
  type GemmAxis,
  type ImplicitGemm,
} from './geometry.js';
import interfaceSource from './implicit-gemm.interface.wgsl';
import lanesSource from './implicit-gemm.lanes.wgsl';
import tiledSource from './implicit-gemm.tiled.wgsl';
import { lowerWinograd, winogradFit } from './winograd.js';

/** A convolution with the result y, or its gradient by an input of this shape, as products. */
export function gemmExtent(
  adapter: AdapterTraits,
  { shape, dtype }: TensorSpec,
  weight: Shape,
  geometry: ConvGeometry,
): ConvExtent {
  const [batch, height, width, channels] = shape;
  const { groups } = geometry;
  const winograd = winogradFit(adapter, shape, weight, geometry);
  return { rows: batch * height * width, columns: channels / groups, batch: groups, dtype, widens: true, winograd };
}

/** The kernel of a convolution with the result y, or of its gradient by an input of this shape. */
export function gemmVariant(
  lowering: Pick<Lowering, 'adapter' | 'variant'>,
  y: TensorSpec,
  weight: Shape,
  attributes: ConvGeometry & { readonly variant?: ConvVariant },
): ConvVariant {
  return chooseConvVariant(lowering, attributes.variant, gemmExtent(lowering.adapter, y, weight, attributes));
}

/** Lowers conv2d of x, weight and, if there is one, bias. */
export function lowerConvolution(
  lowering: Lowering,
  [x, weight, bias]: readonly Value[],
  [y]: readonly Value[],
  attributes: ConvAttributes,
  epilogue?: Epilogue,
): void {
  const { stride, padding, dilation, groups } = attributes;
  const axis = (a: 0 | 1) => forwardAxis(y.shape[1 + a], weight.shape[1 + a], stride[a], padding[a], dilation[a]);
  lowerImplicitGemm(lowering, {
    label: 'conv2d',
    ...{ x, weight, bias, y, groups, epilogue },
    variant: gemmVariant(lowering, y, weight.shape, attributes),
    weightFirst: 'produced',
    vertical: [axis(0)],
    horizontal: [axis(1)],
  });
}

/** Lowers a convolution: Winograd's way where that is chosen, else by one dispatch for each pair of axes. */
export function lowerImplicitGemm(lowering: Lowering, gemm: ImplicitGemm): void {
  const { x, y, bias, groups, variant, epilogue = {} } = gemm;
  const lanes = variant === 'lanes';
  if ((lanes || variant === 'winograd') && commonType([x, y]) === 'f16') {
    const wide = lowering.scratch(y.shape);
    lowerImplicitGemm(lowering, { ...gemm, x: widen(lowering, x), y: wide });
    castOperation.lower(lowering, [wide], [y], { dtype: y.dtype === 'f16' ? 'f16' : 'f32' });
    return;
  }
  if (gemm.weight.dtype === 'f16') {
    lowerImplicitGemm(lowering, { ...gemm, weight: widen(lowering, gemm.weight) });
    return;
  }
  if (variant === 'winograd') {
    lowerWinograd(lowering, gemm);
    return;
  }
  const [batch, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const groupIn = inC / groups;
  const groupOut = outC / groups;
  const alongK = lanes || gemm.weightFirst === 'produced';
  const weight = lanes && gemm.weightFirst === 'summed' ? exchangeChannels(lowering, gemm.weight, groups) : gemm.weight;
  const [, kernelH, kernelW, innermost] = weight.shape;
  const outer = kernelH * kernelW * innermost;
  const size = sizeOf(y.shape);
  const { splits, splitDepth } = lanes ? WHOLE : splitOf(lowering, gemm, tileExtent(variant));
  const result = splits > 1 ? lowering.scratch([splits, size]) : y;
  const statistics = splits === 1 && fitsStatistics(lowering, variant) ? epilogue.statistics : undefined;
  const { tile, built } = lanes
    ? lanesKernel(groupIn, groupOut, subgroupLanes(lowering.adapter))
    : tiledKernel(lowering, variant, { x, weight, y: result }, groups, {
        ...{ ALONG_K: alongK, STATISTICS: statistics !== undefined, RELU: epilogue.relu === true && splits === 1 },
      });
  const channelTiles = Math.ceil(groupOut / tile.channels);

  for (const h of gemm.vertical) {
    for (const w of gemm.horizontal) {
      const positions = batch * h.count * w.count;
      const tiles = Math.ceil(positions / tile.positions);
      const folds = Math.ceil(tiles / 65535);
      const partials = statistics && lowering.scratch([2, tiles, outC]);
      lowering.dispatch({
        label: gemm.label,
        ...built(
          gemmUniforms({
            positions,
            rows: h.count,
            cols: w.count,
            inH,
            inW,
            inC,
            outH,
            outW,
            outC,
            outStepH: h.outStep,
            outStepW: w.outStep,
            outStartH: h.outStart,
            outStartW: w.outStart,
            inStepH: h.inStep,
            inStepW: w.inStep,
            inStartH: h.inStart,
            inStartW: w.inStart,
            tapsH: h.taps,
            tapsW: w.taps,
            tapStepH: h.tapStep,
            tapStepW: w.tapStep,
            groupIn,
            groupOut,
            channelTiles,
            weightStart: (h.firstTap * kernelW + w.firstTap) * innermost,
            weightTapH: h.tapStride * kernelW * innermost,
            weightTapW: w.tapStride * innermost,
            ...(alongK ? { weightK: 1, weightN: outer } : { weightK: outer, weightN: 1 }),
            weightGroup: (alongK ? groupOut : groupIn) * outer,
            hasBias: bias ? 1 : 0,
            ...{ groups, splitDepth, splitSize: size },
          }),
        ),
        bindings: [x, weight, result, bias ?? weight, ...(partials ? [partials] : [])],
        writes: partials ? [2, 4] : [2],
        workgroups: [Math.ceil(tiles / folds), folds, splits * groups * channelTiles],
        flops: 2 * positions * h.taps * w.taps * groupIn * outC,
      });
      if (partials && statistics) {
        const parts = { partials, rows: positions, parts: tiles, blockRows: tile.positions };
        joinStatistics(lowering, parts, statistics.mean, statistics.variance);
      }
    }
  }
  if (splits > 1) sumSplits(lowering, `${gemm.label}.sum`, result, y, splits, epilogue.relu);
  // Sums that are complete only after a further pass leave nothing to do on the way out; such results are small.
  if (epilogue.statistics && !statistics) {
    lowerStatistics(lowering, y, epilogue.statistics.mean, epilogue.statistics.variance);
  }
}

/** A copy of f16 in f32, for kernels that read nothing else. */
export function widen(lowering: Lowering, value: Value): Value {
  if (value.dtype === 'f32') return value;
  const wide = lowering.scratch(value.shape);
  castOperation.lower(lowering, [value], [wide], { dtype: 'f32' });
  return wide;
}

function splitOf(lowering: Lowering, { x, y, groups, vertical, horizontal }: ImplicitGemm, tile: number): SplitK {
  const total = (axes: readonly GemmAxis[]) => axes.reduce((sum, { count }) => sum + count, 0);
  const most = (axes: readonly GemmAxis[]) => Math.max(...axes.map(({ taps }) => taps));
  const depth = (most(vertical) * most(horizontal) * x.shape[3]) / groups;
  const positions = y.shape[0] * total(vertical) * total(horizontal);
  const tilesPerPosition = groups * Math.ceil(y.shape[3] / groups / tile);
  const tiles = Math.ceil(positions / tile) * tilesPerPosition;
  return splitK(lowering, depth, { size: sizeOf(y.shape), tiles, tilesPerPosition });
}

const gemmUniforms = uniforms({
  positions: 'u32',
  rows: 'u32',
  cols: 'u32',
  inH: 'u32',
  inW: 'u32',
  inC: 'u32',
  outH: 'u32',
  outW: 'u32',
  outC: 'u32',
  outStepH: 'u32',
  outStepW: 'u32',
  outStartH: 'u32',
  outStartW: 'u32',
  inStepH: 'u32',
  inStepW: 'u32',
  inStartH: 'i32',
  inStartW: 'i32',
  tapsH: 'u32',
  tapsW: 'u32',
  tapStepH: 'i32',
  tapStepW: 'i32',
  groupIn: 'u32',
  groupOut: 'u32',
  channelTiles: 'u32',
  weightStart: 'u32',
  weightTapH: 'u32',
  weightTapW: 'u32',
  weightK: 'u32',
  weightN: 'u32',
  weightGroup: 'u32',
  hasBias: 'u32',
  /** Only where K is cut into splits, whose sums lie splitSize apart. */
  groups: 'u32',
  splitDepth: 'u32',
  splitSize: 'u32',
});

interface TileKernel {
  readonly tile: { readonly positions: number; readonly channels: number };
  readonly built: (uniforms: Uniforms) => Kernel;
}

function lanesKernel(groupIn: number, groupOut: number, lanes: number): TileKernel {
  const width = groupOut > lanes ? 2 : 1;
  // Few channels are a head's: half as many positions at a time compile sooner, and its work hardly counts.
  const sets = groupOut > lanes || groupOut <= lanes / 2 ? 2 : 4;
  const quad = groupIn % 4 === 0 ? 4 : 1;
  const vectorOut = groupOut % width === 0;
  const accumulator = width === 1 ? 'f32' : `vec${width}f`;
  const input = quad === 1 ? 'f32' : 'vec4f';
  const each = (of: (v: number) => string) => Array.from({ length: width }, (_, v) => of(v)).join(', ');
  const component = (index: number, of: number) => (of === 1 ? '' : `[${index}]`);
  const constants: Record<string, string | number | boolean> = {
    ...{ LANES: lanes, SETS: sets, WIDTH: width, QUAD: quad },
    ACC: accumulator,
    INPUT: input,
    OUTPUT: vectorOut ? accumulator : 'f32',
    WEIGHT: input,
    VECTOR_OUT: vectorOut,
    BIASES: each((v) => `bias[biasAt + channel${v}]`),
  };
  for (let e = 0; e < quad; e++) {
    constants[`PART_${e}`] = component(e, quad);
    constants[`COLUMN_${e}`] = each((v) => `w${v}${component(e, quad)}`);
  }
  for (let v = 0; v < width; v++) constants[`OUT_${v}`] = component(v, width);
  return {
    tile: { positions: lanes * sets, channels: lanes * width },
    built: (own) => kernel(interfaceSource + lanesSource, { constants, uniforms: own }),
  };
}

function tiledKernel(
  lowering: Lowering,
  variant: KernelVariant,
  { x, weight, y }: Pick<ImplicitGemm, 'x' | 'weight' | 'y'>,
  groups: number,
  flags: { readonly ALONG_K: boolean; readonly STATISTICS: boolean; readonly RELU: boolean },
): TileKernel {
  const vectorIn = (x.shape[3] / groups) % 4 === 0;
  const vectorOut = (y.shape[3] / groups) % 4 === 0;
  const vectorWeight = flags.ALONG_K ? vectorIn : vectorOut;
  const moments = flags.STATISTICS ? momentsSource : '';
  const source = withNan(moments + interfaceSource + tiledSource, 'vec4f');
  const constants = {
    INPUT: elementOf(x.dtype, vectorIn),
    OUTPUT: elementOf(y.dtype, vectorOut),
    WEIGHT: elementOf(weight.dtype, vectorWeight),
    VECTOR_IN: vectorIn,
    VECTOR_OUT: vectorOut,
    VECTOR_WEIGHT: vectorWeight,
    ...{ Y: y.dtype, ROUNDED: flags.STATISTICS && y.dtype === 'f16' },
    // Whose moments an invocation holds: one channel's, or those of a vec4 of channels.
    ...(isMatrix(variant) ? { VECTOR: 'f32', WORDS: 'i32' } : { VECTOR: 'vec4f', WORDS: 'vec4i' }),
    ...flags,
  };
  const extent = tileExtent(variant);
  return {
    tile: { positions: extent, channels: extent },
    built: (own) => tiledKernelOf(lowering, variant, source, { constants, uniforms: own }),
  };
}
