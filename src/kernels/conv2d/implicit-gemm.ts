import { castOperation } from '../../engine/basic-operations.js';
import type { Lowering, Value } from '../../engine/operation.js';
import { sizeOf, type TensorSpec } from '../../engine/shape.js';
import { type Constants, type Kernel, kernel, type Uniforms, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import momentsSource from '../implicit-gemm/moments.wgsl';
import { sumSlabs } from '../implicit-gemm/split-k.js';
import { joinStatistics, lowerStatistics } from '../implicit-gemm/statistics.js';
import { elementOf, fitsStatistics, tiledKernelOf, tileExtent } from '../implicit-gemm/tile.js';
import {
  chooseVariant,
  commonType,
  isMatrix,
  type KernelVariant,
  type ProductExtent,
  subgroupLanes,
} from '../implicit-gemm/variants.js';
import { withNan } from '../nan.js';
import exchangeSource from './exchange-channels.wgsl';
import type { GatherAxis } from './geometry.js';
import interfaceSource from './implicit-gemm.interface.wgsl';
import lanesSource from './implicit-gemm.lanes.wgsl';
import gatherTiledSource from './implicit-gemm.tiled.wgsl';
import { type ConvVariant, lowerWinograd } from './winograd.js';

/** y = bias + gathered x times weight, over all positions of the given axes. */
export interface Gather {
  readonly label: string;
  readonly x: Value;
  readonly weight: Value;
  readonly bias?: Value;
  readonly y: Value;
  readonly groups: number;
  /** Whether the weight's first axis is what is produced (forward) or what is summed over (gradient by the input). */
  readonly weightFirst: 'produced' | 'summed';
  readonly vertical: readonly GatherAxis[];
  readonly horizontal: readonly GatherAxis[];
  readonly variant: ConvVariant;
  /** What tiled kernels, those for matrix units among them, do with results on their way out. */
  readonly epilogue?: GatherEpilogue;
}

export interface GatherEpilogue {
  readonly relu?: boolean;
  /** Where mean and biased variance of each channel of the result go, both [outC]. */
  readonly statistics?: { readonly mean: Value; readonly variance: Value };
}

/** A gather into such a result as products. */
export function gatherExtent({ shape, dtype }: TensorSpec, groups: number): ProductExtent {
  const [batch, height, width, channels] = shape;
  return { rows: batch * height * width, columns: channels / groups, batch: groups, dtype, widens: true };
}

/** Lowers a convolution in gather form: Winograd's way where that is chosen, else one dispatch for each pair of axes. */
export function lowerGather(lowering: Lowering, gather: Gather): void {
  const { x, y, bias, groups, variant, epilogue = {} } = gather;
  const chosen = variant === 'winograd' ? variant : chooseVariant(lowering, variant, gatherExtent(y, groups));
  const lanes = chosen === 'lanes';
  if ((lanes || chosen === 'winograd') && commonType([x, y]) === 'f16') {
    const wide = lowering.scratch(y.shape);
    lowerGather(lowering, { ...gather, x: widen(lowering, x), y: wide, variant: chosen });
    castOperation.lower(lowering, [wide], [y], { dtype: y.dtype === 'f16' ? 'f16' : 'f32' });
    return;
  }
  if (gather.weight.dtype === 'f16') {
    lowerGather(lowering, { ...gather, weight: widen(lowering, gather.weight) });
    return;
  }
  if (chosen === 'winograd') {
    lowerWinograd(lowering, gather);
    return;
  }
  const [batch, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const groupIn = inC / groups;
  const groupOut = outC / groups;
  const alongK = lanes || gather.weightFirst === 'produced';
  const weight =
    lanes && gather.weightFirst === 'summed' ? exchangeChannels(lowering, gather.weight, groups) : gather.weight;
  const [, kernelH, kernelW, innermost] = weight.shape;
  const outer = kernelH * kernelW * innermost;
  const size = sizeOf(y.shape);
  const { slabs, slabDepth } = lanes ? WHOLE : slabsOf(lowering, gather, tileExtent(chosen));
  const result = slabs > 1 ? lowering.scratch([slabs, size]) : y;
  const statistics = slabs === 1 && fitsStatistics(lowering, chosen) ? epilogue.statistics : undefined;
  const { tile, built } = lanes
    ? lanesKernel(groupIn, groupOut, subgroupLanes(lowering.adapter))
    : tiledKernel(lowering, chosen, { x, weight, y: result }, groups, {
        ...{ ALONG_K: alongK, STATISTICS: statistics !== undefined, RELU: epilogue.relu === true && slabs === 1 },
      });
  const channelTiles = Math.ceil(groupOut / tile.channels);

  for (const h of gather.vertical) {
    for (const w of gather.horizontal) {
      const positions = batch * h.count * w.count;
      const tiles = Math.ceil(positions / tile.positions);
      const folds = Math.ceil(tiles / 65535);
      const partials = statistics && lowering.scratch([2, tiles, outC]);
      lowering.dispatch({
        label: gather.label,
        ...built(
          gatherUniforms({
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
            ...{ groups, slabDepth, slabSize: size },
          }),
        ),
        bindings: [x, weight, result, bias ?? weight, ...(partials ? [partials] : [])],
        writes: partials ? [2, 4] : [2],
        workgroups: [Math.ceil(tiles / folds), folds, slabs * groups * channelTiles],
        flops: 2 * positions * h.taps * w.taps * groupIn * outC,
      });
      if (partials && statistics) {
        const parts = { partials, rows: positions, slabs: tiles, blockRows: tile.positions };
        joinStatistics(lowering, parts, statistics.mean, statistics.variance);
      }
    }
  }
  if (slabs > 1) sumSlabs(lowering, `${gather.label}.sum`, result, y, slabs, epilogue.relu);
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

/** Workgroups that keep a large GPU busy, and the products in each that make cutting further worth its sum. */
const ENOUGH_WORKGROUPS = 256;
const LEAST_SLAB_DEPTH = 256;

/** K uncut. */
const WHOLE = { slabs: 1, slabDepth: 0 };

/** How K is cut where the tiles of the result alone would leave most of a GPU idle. */
function slabsOf(
  { limits }: Lowering,
  { x, y, groups, vertical, horizontal }: Gather,
  tile: number,
): { slabs: number; slabDepth: number } {
  const perPosition = groups * Math.ceil(y.shape[3] / groups / tile);
  const total = (axes: readonly GatherAxis[], of: (axis: GatherAxis) => number) =>
    axes.reduce((sum, axis) => sum + of(axis), 0);
  const most = (axes: readonly GatherAxis[]) => Math.max(...axes.map(({ taps }) => taps));
  const depth = (most(vertical) * most(horizontal) * x.shape[3]) / groups;
  const positions = y.shape[0] * total(vertical, ({ count }) => count) * total(horizontal, ({ count }) => count);
  const wanted = Math.ceil(ENOUGH_WORKGROUPS / (Math.ceil(positions / tile) * perPosition));
  const allowed = Math.min(
    Math.floor(depth / LEAST_SLAB_DEPTH),
    Math.floor(limits.maxStorageBufferBindingSize / (4 * sizeOf(y.shape))),
    Math.floor(65535 / perPosition),
  );
  const slabs = Math.max(1, Math.min(wanted, allowed));
  // Whole steps of 16, so that vec4 loads stay aligned.
  const slabDepth = 16 * Math.ceil(depth / (16 * slabs));
  return { slabs: Math.max(1, Math.ceil(depth / Math.max(slabDepth, 1))), slabDepth };
}

const gatherUniforms = uniforms({
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
  /** Only where K is cut into slabs, whose sums lie slabSize apart. */
  groups: 'u32',
  slabDepth: 'u32',
  slabSize: 'u32',
});

const exchangeUniforms = uniforms({
  invocations: 'u32',
  /** Values of o in a group. */
  outer: 'u32',
  taps: 'u32',
  /** Values of k. */
  inner: 'u32',
});

/** weight [groups * o, kH, kW, k] as [groups * k, kH, kW, o]: channels exchanged within each group. */
function exchangeChannels(lowering: Lowering, weight: Value, groups: number): Value {
  const [channels, kernelH, kernelW, inner] = weight.shape;
  const taps = kernelH * kernelW;
  const groupOuter = channels / groups;
  const exchanged = lowering.scratch([groups * inner, kernelH, kernelW, groupOuter]);
  const block = groupOuter % 4 === 0 && inner % 4 === 0 ? 4 : 1;
  const invocations = sizeOf(weight.shape) / (block * block);
  const constants: Constants =
    block === 1
      ? { BLOCK: block, ELEMENT: 'f32', COLUMN_0: 'row0' }
      : {
          BLOCK: block,
          ELEMENT: 'vec4f',
          ...Object.fromEntries([0, 1, 2, 3].map((c) => [`COLUMN_${c}`, columnOfRows(c)])),
        };
  lowering.dispatch({
    label: 'conv2d.exchangeChannels',
    ...kernel(exchangeSource, {
      constants,
      uniforms: exchangeUniforms({ invocations, outer: groupOuter, taps, inner }),
    }),
    bindings: [weight, exchanged],
    writes: [1],
    workgroups: linearGrid(invocations),
  });
  return exchanged;
}

/** Column `c` of the 4×4 block whose rows are row0 … row3. */
function columnOfRows(c: number): string {
  return `vec4f(row0[${c}], row1[${c}], row2[${c}], row3[${c}])`;
}

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
  { x, weight, y }: Pick<Gather, 'x' | 'weight' | 'y'>,
  groups: number,
  flags: { readonly ALONG_K: boolean; readonly STATISTICS: boolean; readonly RELU: boolean },
): TileKernel {
  const vectorIn = (x.shape[3] / groups) % 4 === 0;
  const vectorOut = (y.shape[3] / groups) % 4 === 0;
  const vectorWeight = flags.ALONG_K ? vectorIn : vectorOut;
  const moments = flags.STATISTICS ? momentsSource : '';
  const source = withNan(moments + interfaceSource + gatherTiledSource, 'vec4f');
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
