import { readFile } from 'node:fs/promises';
import { fullDsntDeepUNet } from './models/workloads.js';
import type { Rates, Report, Row } from './report.js';
import { BenchError } from './statistics.js';
import { significant } from './table.js';

/**
 * What PyTorch reached on the same card, a JSON object a line: convolutions of 3×3 (`conv`, in TFLOP/s), and training
 * steps of DSNT-DeepUNet (`step`, in milliseconds) as tools/pytorch/step_times.py measures them. Lines of other kinds
 * are passed over.
 */
export type TorchLine =
  | {
      readonly kind: 'conv';
      readonly op: 'fwd' | 'bwd_input' | 'bwd_weight';
      /** As in "N8 C64->64 256x256 3x3". */
      readonly shape: string;
      readonly mode: string;
      readonly layout: string;
      readonly tflops: number;
    }
  | { readonly kind: 'step'; readonly mode: string; readonly how: string; readonly ms: number };

/** @throws BenchError for a file that cannot be read, is no such list, or holds nothing to compare with */
export async function readTorch(file: string): Promise<TorchLine[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new BenchError(`bench: ${file} cannot be read (${cause.code}); give what PyTorch's script wrote.`, { cause });
  });
  const lines = text.split('\n').flatMap((line, index): TorchLine[] => {
    if (line.trim() === '') return [];
    try {
      const parsed = JSON.parse(line);
      return parsed.kind === 'conv' || parsed.kind === 'step' ? [parsed] : [];
    } catch {
      throw new BenchError(`bench: line ${index + 1} of ${file} is no JSON; give what PyTorch's script wrote.`);
    }
  });
  if (lines.length > 0) return lines;
  throw new BenchError(`bench: ${file} has no convolution and no step; let PyTorch's script measure them.`);
}

const PASSES = { fwd: 'forward', bwd_input: 'input gradient', bwd_weight: 'weight gradient' } as const;

/** A layer's pass beside the fastest layout of each of PyTorch's precisions. */
export interface TorchShare {
  readonly name: string;
  readonly pass: string;
  readonly tflops: number;
  /** TFLOP/s by precision, as in fp32, tf32, fp16. */
  readonly torch: Readonly<Record<string, number>>;
  /** Of the one whose operands are as ours: fp16 for mixed precision, else fp32. */
  readonly share: number | undefined;
}

/** The rows of convolutions that PyTorch has measured too: the same channels, size and batch. */
export function sharesOfTorch(
  rows: readonly (Row & Rates)[],
  lines: readonly TorchLine[],
  precision: 'f32' | 'mixed',
): TorchShare[] {
  const rates = new Map<string, Record<string, number>>();
  for (const line of lines) {
    const shape = line.kind === 'conv' && /^N(\d+) C(\d+)->(\d+) (\d+)x\4 3x3$/.exec(line.shape);
    if (line.kind !== 'conv' || !shape) continue;
    const [, batch, inC, outC, size] = shape;
    const key = `${inC}→${outC} @ ${size}², 3×3, ${PASSES[line.op]}, ${batch}`;
    const own = rates.get(key) ?? {};
    own[line.mode] = Math.max(own[line.mode] ?? 0, line.tflops);
    rates.set(key, own);
  }
  const peer = precision === 'mixed' ? 'fp16' : 'fp32';
  return rows.flatMap(({ suite, name, pass, batch, gflops }) => {
    const torch = rates.get(`${name}, ${pass}, ${batch}`);
    if (suite !== 'layers' || gflops === undefined || !torch) return [];
    const tflops = gflops / 1000;
    return [{ name, pass, tflops, torch, share: torch[peer] === undefined ? undefined : tflops / torch[peer] }];
  });
}

/** What of a run has its counterpart in PyTorch: layers with their share of cuDNN's rate, and the step. */
export function formatTorch({ rows, options }: Pick<Report, 'rows' | 'options'>, lines: readonly TorchLine[]): string {
  const precision = options.precision === 'mixed' ? 'mixed' : 'f32';
  const layers = sharesOfTorch(rows, lines, precision).map(({ name, pass, tflops, torch, share }) => {
    const others = Object.entries(torch).map(([mode, rate]) => `${mode} ${significant(rate)}`);
    const part = share === undefined ? '' : `, a share of ${significant(share)}`;
    return `  ${name}, ${pass}: ${significant(tflops)} TFLOP/s; PyTorch ${others.join(', ')}${part}`;
  });
  const step = rows.find(({ suite, name, check }) => suite === 'step' && name === fullDsntDeepUNet.name && check.valid);
  const steps = lines.flatMap((line) => {
    if (line.kind !== 'step' || !step) return [];
    const own = step.time.milliseconds.median;
    return [
      `  step: ${significant(own)} ms; PyTorch ${line.mode}, ${line.how}: ${significant(line.ms)} ms, ${significant(line.ms / own)} times the speed`,
    ];
  });
  const found = [...layers, ...steps];
  return ['beside PyTorch on the same card', ...(found.length > 0 ? found : ['  nothing was measured by both'])].join(
    '\n',
  );
}
