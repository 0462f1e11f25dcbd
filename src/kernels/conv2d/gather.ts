import type { Lowering, Value } from '../../engine/operation.js';
import { sizeOf } from '../../engine/shape.js';
import { linearGrid } from '../grid.js';
import { unroll } from '../matmul/unroll.js';
import { chooseVariant, subgroupLanes } from '../matmul/variant.js';
import { template } from '../template.js';
import exchangeSource from './exchange-channels.wgsl';
import interfaceSource from './gather.interface.wgsl';
import lanesSource from './gather.lanes.wgsl';
import tiledSource from './gather.tiled.wgsl';
import type { GatherAxis } from './geometry.js';
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
}

/** Lowers a convolution in gather form: Winograd's way where that is chosen, else one dispatch for each pair of axes. */
export function lowerGather(lowering: Lowering, gather: Gather): void {
  if (gather.variant === 'winograd') {
    lowerWinograd(lowering, gather);
    return;
  }
  const { x, y, bias, groups, variant } = gather;
  const [batch, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const groupIn = inC / groups;
  const groupOut = outC / groups;
  const lanes = chooseVariant(lowering, variant) === 'lanes';
  const alongK = lanes || gather.weightFirst === 'produced';
  const weight =
    lanes && gather.weightFirst === 'summed' ? exchangeChannels(lowering, gather.weight, groups) : gather.weight;
  const [, kernelH, kernelW, innermost] = weight.shape;
  const outer = kernelH * kernelW * innermost;
  const kernel = lanes
    ? lanesKernel(groupIn, groupOut, subgroupLanes(lowering.adapter))
    : tiledKernel(groupIn, groupOut, alongK);
  const channelTiles = Math.ceil(groupOut / kernel.channels);

  for (const h of gather.vertical) {
    for (const w of gather.horizontal) {
      const positions = batch * h.count * w.count;
      const tiles = Math.ceil(positions / kernel.positions);
      const folds = Math.ceil(tiles / 65535);
      lowering.dispatch({
        label: gather.label,
        source: kernel.source,
        bindings: [x, weight, y, bias ?? weight],
        writes: [2],
        uniforms: {
          u32: [
            ...[positions, h.count, w.count, inH, inW, inC, outH, outW, outC],
            ...[h.outStep, w.outStep, h.outStart, w.outStart],
            ...[h.inStep, w.inStep, h.inStart, w.inStart].map(bits),
            ...[h.taps, w.taps, h.tapStep, w.tapStep].map(bits),
            ...[groupIn, groupOut, channelTiles],
            (h.firstTap * kernelW + w.firstTap) * innermost,
            ...[h.tapStride * kernelW * innermost, w.tapStride * innermost],
            ...(alongK ? [1, outer] : [outer, 1]),
            (alongK ? groupOut : groupIn) * outer,
            bias ? 1 : 0,
          ],
        },
        workgroups: [Math.ceil(tiles / folds), folds, groups * channelTiles],
        flops: 2 * positions * h.taps * w.taps * groupIn * outC,
      });
    }
  }
}

/** A signed number as the word that holds it. */
function bits(value: number): number {
  return value >>> 0;
}

/** weight [groups * o, kH, kW, k] as [groups * k, kH, kW, o]: channels exchanged within each group. */
function exchangeChannels(lowering: Lowering, weight: Value, groups: number): Value {
  const [channels, kernelH, kernelW, inner] = weight.shape;
  const taps = kernelH * kernelW;
  const groupOuter = channels / groups;
  const exchanged = lowering.scratch([groups * inner, kernelH, kernelW, groupOuter]);
  const block = groupOuter % 4 === 0 && inner % 4 === 0 ? 4 : 1;
  const invocations = sizeOf(weight.shape) / (block * block);
  const constants: Record<string, string> =
    block === 1
      ? { ELEMENT: 'f32', COLUMN_0: 'row0' }
      : { ELEMENT: 'vec4f', ...Object.fromEntries([0, 1, 2, 3].map((c) => [`COLUMN_${c}`, columnOfRows(c)])) };
  lowering.dispatch({
    label: 'conv2d.exchangeChannels',
    source: template(unroll(exchangeSource, { BLOCK: block }), constants),
    bindings: [weight, exchanged],
    writes: [1],
    uniforms: { u32: [invocations, groupOuter, taps, inner] },
    workgroups: linearGrid(invocations),
  });
  return exchanged;
}

/** Column `c` of the 4×4 block whose rows are row0 … row3. */
function columnOfRows(c: number): string {
  return `vec4f(row0[${c}], row1[${c}], row2[${c}], row3[${c}])`;
}

interface Kernel {
  readonly source: string;
  /** Extents of a tile. */
  readonly positions: number;
  readonly channels: number;
}

function lanesKernel(groupIn: number, groupOut: number, lanes: number): Kernel {
  const width = groupOut > lanes ? 2 : 1;
  const sets = 4 / width;
  const quad = groupIn % 4 === 0 ? 4 : 1;
  const vectorOut = groupOut % width === 0;
  const accumulator = width === 1 ? 'f32' : `vec${width}f`;
  const input = quad === 1 ? 'f32' : 'vec4f';
  const each = (of: (v: number) => string) => Array.from({ length: width }, (_, v) => of(v)).join(', ');
  const component = (index: number, of: number) => (of === 1 ? '' : `[${index}]`);
  const constants: Record<string, string | number | boolean> = {
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
  const expanded = unroll(interfaceSource + lanesSource, { LANES: lanes, SETS: sets, WIDTH: width, QUAD: quad });
  const source = `enable subgroups;\n${template(expanded, constants)}`;
  return { source, positions: lanes * sets, channels: lanes * width };
}

function tiledKernel(groupIn: number, groupOut: number, alongK: boolean): Kernel {
  const vectorIn = groupIn % 4 === 0;
  const vectorOut = groupOut % 4 === 0;
  const vectorWeight = alongK ? vectorIn : vectorOut;
  const source = template(unroll(interfaceSource + tiledSource, {}), {
    INPUT: vectorIn ? 'vec4f' : 'f32',
    OUTPUT: vectorOut ? 'vec4f' : 'f32',
    WEIGHT: vectorWeight ? 'vec4f' : 'f32',
    VECTOR_IN: vectorIn,
    VECTOR_OUT: vectorOut,
    VECTOR_WEIGHT: vectorWeight,
    ALONG_K: alongK,
  });
  return { source, positions: 64, channels: 64 };
}
