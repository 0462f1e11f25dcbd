import type { Lowering, Value } from '../../engine/operation.js';
import { unroll } from '../matmul/unroll.js';
import type { KernelVariant } from '../matmul/variant.js';
import { chooseVariant, subgroupLanes } from '../matmul/variant.js';
import { template } from '../template.js';
import lanesSource from './gather.lanes.wgsl';
import tiledSource from './gather.tiled.wgsl';
import type { GatherAxis } from './geometry.js';

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
  readonly variant?: KernelVariant;
}

/** Lowers a convolution in gather form: one dispatch for each pair of a vertical and a horizontal axis. */
export function lowerGather(lowering: Lowering, gather: Gather): void {
  const { x, y, weight, bias, groups } = gather;
  const [batch, inH, inW, inC] = x.shape;
  const [, outH, outW, outC] = y.shape;
  const [, , kernelW, innermost] = weight.shape;
  const groupIn = inC / groups;
  const groupOut = outC / groups;
  const produced = gather.weightFirst === 'produced';
  const outer = weight.shape[1] * kernelW * innermost;
  const kernel =
    chooseVariant(lowering, gather.variant) === 'lanes'
      ? lanesKernel(lowering, groupIn, groupOut, produced)
      : tiledKernel(groupIn, groupOut, produced);
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
            ...[h.inStep, w.inStep, h.inStart >>> 0, w.inStart >>> 0],
            ...[h.taps, w.taps, h.tapStep >>> 0, w.tapStep >>> 0],
            ...[groupIn, groupOut, channelTiles],
            (h.firstTap * kernelW + w.firstTap) * innermost,
            ...[h.tapStride * kernelW * innermost, w.tapStride * innermost],
            ...(produced ? [1, outer] : [outer, 1]),
            (produced ? groupOut : groupIn) * outer,
            bias ? 1 : 0,
          ],
        },
        workgroups: [Math.ceil(tiles / folds), folds, groups * channelTiles],
        flops: 2 * positions * h.taps * w.taps * groupIn * outC,
      });
    }
  }
}

interface Kernel {
  readonly source: string;
  readonly positions: number;
  readonly channels: number;
}

export const tuning: { sets?: number; width?: number } = {};

function lanesKernel(lowering: Lowering, groupIn: number, groupOut: number, produced: boolean): Kernel {
  const lanes = subgroupLanes(lowering.adapter);
  const width = tuning.width ?? (groupOut > 2 * lanes ? 4 : groupOut > lanes ? 2 : 1);
  const sets = tuning.sets ?? 4;
  const vectorOut = groupOut % width === 0;
  const accumulator = width === 1 ? 'f32' : `vec${width}f`;
  const vectorIn = groupIn % 4 === 0;
  const vectorWeight = produced ? vectorIn : vectorOut;
  const each = (of: (v: number) => string) => Array.from({ length: width }, (_, v) => of(v)).join(', ');
  const constants: Record<string, string | number | boolean> = {
    LANES: lanes,
    SETS: sets,
    WIDTH: width,
    POSITIONS: lanes * sets,
    CHANNELS: lanes * width,
    ACC: accumulator,
    VECTOR_IN: vectorIn,
    VECTOR_OUT: vectorOut,
    VECTOR_WEIGHT: vectorWeight,
    WEIGHT_TYPE: !vectorWeight ? 'f32' : produced ? 'vec4f' : accumulator,
    ALONG_K: produced,
    BIASES: each((v) => `bias[biasAt + channel${v}]`),
  };
  for (let k = 0; k < 4; k++) {
    constants[`COLUMN_${k}`] = each((v) => `w${v}[${k}]`);
    constants[`GATHER_${k}`] = each((v) => `weight[r${k} + channel${v}]`);
    constants[`SWIZZLE_${k}`] = width === 1 ? '' : `[${k}]`;
  }
  const source = template(unroll(lanesSource, { LANES: lanes, SETS: sets, WIDTH: width }), constants);
  return { source, positions: lanes * sets, channels: lanes * width };
}

function tiledKernel(groupIn: number, groupOut: number, produced: boolean): Kernel {
  const source = template(unroll(tiledSource, {}), {
    VECTOR_IN: groupIn % 4 === 0,
    VECTOR_OUT: groupOut % 4 === 0,
    VECTOR_WEIGHT: (produced ? groupIn : groupOut) % 4 === 0,
    ALONG_K: produced,
  });
  return { source, positions: 64, channels: 64 };
}
