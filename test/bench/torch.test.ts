import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dsntDeepUNetLayers } from '../../bench/models/arithmetic.js';
import { fullDsntDeepUNet } from '../../bench/models/workloads.js';
import { extrapolateProtocol, stepsPerEpoch } from '../../bench/protocol.js';
import type { Row } from '../../bench/report.js';
import { BenchError, quartiles } from '../../bench/statistics.js';
import { nameOf } from '../../bench/suites/convolution.js';
import { distinctLayers } from '../../bench/suites/layers.js';
import { formatTorch, readTorch, sharesOfTorch, type TorchLine } from '../../bench/torch.js';
import { temporaryFolder } from '../train/dataset/temporary.js';

const conv = (op: 'fwd' | 'bwd_input' | 'bwd_weight', mode: string, layout: string, tflops: number): TorchLine => ({
  ...{ kind: 'conv', op, shape: 'N8 C64->64 256x256 3x3', mode, layout, tflops },
});
const row = (suite: string, name: string, pass: string, gflops: number, milliseconds = 1, batch = 8) => ({
  ...{ suite, name, pass, batch, gflops, flops: gflops * 1e6 * milliseconds },
  time: { clock: 'GPU timestamps', note: '', milliseconds: quartiles([milliseconds]) } as Row['time'],
  check: { valid: true, statement: '' },
});
const rows = [
  row('layers', '64→64 @ 256², 3×3', 'forward', 90_000),
  row('layers', '64→64 @ 256², 3×3', 'weight gradient', 20_000),
  row('layers', '64→64 @ 128², 3×3', 'forward', 50_000),
  row('step', fullDsntDeepUNet.name, 'training step', 40_000, 50),
];
const lines = [
  conv('fwd', 'fp32', 'nchw', 40),
  conv('fwd', 'fp16', 'nchw', 200),
  conv('fwd', 'fp16', 'channels_last', 300),
  conv('bwd_weight', 'fp16', 'nchw', 100),
  { kind: 'step', mode: 'amp', how: 'eager', ms: 40 } as const,
];

describe('beside PyTorch', () => {
  it('a layer has its share of the fastest layout, pass by pass', () => {
    expect(sharesOfTorch(rows, lines, 'mixed')).toEqual([
      { name: '64→64 @ 256², 3×3', pass: 'forward', tflops: 90, torch: { fp32: 40, fp16: 300 }, share: 0.3 },
      { name: '64→64 @ 256², 3×3', pass: 'weight gradient', tflops: 20, torch: { fp16: 100 }, share: 0.2 },
    ]);
    expect(sharesOfTorch(rows, lines, 'f32').map(({ share }) => share)).toEqual([2.25, undefined]);
    expect(sharesOfTorch([row('layers', '64→64 @ 256², 3×3', 'forward', 1, 1, 4)], lines, 'mixed')).toEqual([]);
  });

  it('so has the step', () => {
    expect(formatTorch({ rows, options: { precision: 'mixed' } }, lines)).toContain(
      'step: 50.0 ms; PyTorch amp, eager: 40.0 ms, 0.800 times the speed',
    );
    expect(formatTorch({ rows: [], options: {} }, lines)).toContain('nothing was measured by both');
  });

  it('files that are none are refused', async () => {
    const file = join(await temporaryFolder(), 'times.jsonl');
    await expect(readTorch(file)).rejects.toThrow(/ENOENT.*give what PyTorch/);
    await writeFile(file, '{"kind":"machine"}\n');
    await expect(readTorch(file)).rejects.toThrow(/no convolution and no step/);
    await writeFile(file, `${JSON.stringify(lines[0])}\nTraceback\n`);
    await expect(readTorch(file)).rejects.toThrow(BenchError);
    await writeFile(file, `{"kind":"machine"}\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
    expect(await readTorch(file)).toEqual(lines);
  });
});

describe('the protocol', () => {
  it('is extrapolated from the measured step of its network and batch, and says so', () => {
    // 411 of 469 frames in batches of 8.
    expect(stepsPerEpoch()).toBe(52);
    const [text] = extrapolateProtocol(rows);
    expect(text).toMatch(
      /extrapolated from 50\.0 ms a step: an epoch of 52 steps takes 2\.60 s, a fold of 66 epochs 2\.86 min/,
    );
    expect(text).toMatch(/all 8 folds on 469 frames 22\.9 min, steps alone/);
    expect(extrapolateProtocol(rows.slice(0, 3))).toEqual([]);
  });
});

describe("the network's layers", () => {
  it('are those of the arithmetic, each kind once', () => {
    const names = dsntDeepUNetLayers(512, 64, 3).map(nameOf);
    expect(names).toHaveLength(14 + 12 + 1);
    const distinct = distinctLayers(64, 512).map(nameOf);
    expect(new Set(distinct)).toEqual(new Set(names));
    expect(distinct).toEqual([...new Set(distinct)]);
    expect(distinct.slice(0, 3)).toEqual(['1→64 @ 512², 3×3/2', '64→64 @ 256², 3×3', '64→128 @ 256², 3×3/2']);
    expect(distinct.at(-1)).toBe('256→3 @ 64², 1×1');
  });
});
