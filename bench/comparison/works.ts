import { smallUNet } from '../models/workloads.js';
import type { ConvolutionPass, Work } from '../peers/contest.js';

const LAYERS = [
  { channels: 64, size: 128 },
  { channels: 128, size: 64 },
  { channels: 256, size: 32 },
  { channels: 512, size: 16 },
];
const PASSES: readonly ConvolutionPass[] = ['forward', 'input gradient', 'weight gradient'];

/** What engines are compared by, the training step first: its first call is to compile everything it needs. */
export function comparedWorks(quick: boolean): Work[] {
  const { name, batch, size } = smallUNet;
  const step: Work = { kind: 'step', name, pass: 'training step', batch: quick ? 1 : batch, size };
  const n = quick ? 256 : 1024;
  const product: Work = { kind: 'matmul', name: `matmul ${n}`, pass: 'forward', n };
  const layers = quick ? [{ channels: 64, size: 32 }] : LAYERS;
  const convolutions = layers.flatMap(({ channels, size: side }) =>
    PASSES.map((pass): Work => {
      return { kind: 'convolution', name: `${channels}→${channels} @ ${side}², 3×3`, pass, channels, size: side };
    }),
  );
  return [step, product, ...convolutions];
}

/** 2 per multiply-add; of a training step its convolutions' only. */
export function flopsOf(work: Work): number {
  if (work.kind === 'matmul') return 2 * work.n ** 3;
  if (work.kind === 'convolution') return 2 * 9 * work.channels ** 2 * work.size ** 2;
  return work.batch * smallUNet.flops.step;
}
