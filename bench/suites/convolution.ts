import { cast, conv2d, convTranspose2d, gradients, mul, sum, type Tensor } from '../../src/index.js';
import { measured } from '../clock.js';
import type { Layer } from '../models/arithmetic.js';
import type { Row } from '../report.js';
import { measureKernel, type Scale, type Suite, type SuiteContext } from '../suite.js';
import { type ExactSum, exactSum } from '../verification.js';

const SQUARE: readonly Layer[] = [
  { inC: 64, outC: 64, size: 128, kernel: 3 },
  { inC: 128, outC: 128, size: 64, kernel: 3 },
  { inC: 256, outC: 256, size: 32, kernel: 3 },
  { inC: 512, outC: 512, size: 16, kernel: 3 },
];
const OTHERS: readonly Layer[] = [
  { inC: 1, outC: 64, size: 256, kernel: 3, stride: 2, first: true },
  { inC: 64, outC: 128, size: 128, kernel: 3, stride: 2 },
  { inC: 256, outC: 3, size: 64, kernel: 1 },
  { inC: 512, outC: 512, size: 16, kernel: 2, stride: 2, transposed: true },
];
const LAYERS: Readonly<Record<Scale, readonly Layer[]>> = {
  quick: [{ inC: 64, outC: 64, size: 32, kernel: 3 }],
  software: [...SQUARE, ...OTHERS],
  gpu: [...SQUARE, ...OTHERS],
};
const BATCH: Readonly<Record<Scale, number>> = { quick: 1, software: 1, gpu: 8 };

/** The convolutions of U-Nets, each with its two gradients. */
export const convolutionSuite: Suite = {
  name: 'conv',
  title: 'convolution',

  async *run(context) {
    const { scale, batch = BATCH[scale] } = context;
    for (const layer of LAYERS[scale]) yield* measureLayer(context, 'conv', layer, batch);
  },
};

/**
 * A convolution leads from fine images [N, F, F, fineC] to coarse ones [N, C, C, coarseC]; its gradient by the input,
 * and the transposed convolution, lead back. All share the weight [coarseC, k, k, fineC] and one set of products:
 * coarse[n, p, q, o] · weight[o, i, j, c] · fine[n, p·stride − padding + i, q·stride − padding + j, c].
 */
export interface Geometry {
  readonly batch: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly fineSize: number;
  readonly coarseSize: number;
  readonly fineC: number;
  readonly coarseC: number;
}

export function geometryOf(
  { inC, outC, size, kernel, stride = 1, transposed = false }: Layer,
  batch: number,
): Geometry {
  const padding = Math.floor((kernel - 1) / 2);
  const coarseSize = transposed ? size : Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const fineSize = transposed ? (size - 1) * stride - 2 * padding + kernel : size;
  const [fineC, coarseC] = transposed ? [outC, inC] : [inC, outC];
  return { batch, kernel, stride, padding, fineSize, coarseSize, fineC, coarseC };
}

type Operand = 'fine' | 'coarse' | 'weight';

/** A layer's forward pass and its gradients. */
export async function* measureLayer(
  context: SuiteContext,
  suite: string,
  layer: Layer,
  batch: number,
): AsyncGenerator<Row> {
  const { device, precision } = context;
  const geometry = geometryOf(layer, batch);
  const { kernel, stride, padding, fineSize, coarseSize, fineC, coarseC } = geometry;
  const shapes = {
    fine: [batch, fineSize, fineSize, fineC],
    coarse: [batch, coarseSize, coarseSize, coarseC],
    weight: [coarseC, kernel, kernel, fineC],
  };
  const dtype = precision === 'mixed' ? 'f16' : 'f32';
  using fine = cast(device.uniform(shapes.fine, 1, -1, 1), dtype);
  using coarse = cast(device.uniform(shapes.coarse, 2, -1, 1), dtype);
  // Matrix units round weights to f16, which these survive.
  using weight = cast(cast(device.uniform(shapes.weight, 3, -1, 1), dtype), 'f32');
  const values = { fine: await fine.data(), coarse: await coarse.data(), weight: await weight.data() };

  const [input, cotangent] = layer.transposed ? [coarse, fine] : [fine, coarse];
  const forward = () =>
    measured(() => (layer.transposed ? convTranspose2d : conv2d)(input, weight, { stride, padding }));
  const gradientBy = (tensor: Tensor) => () => gradients(sum(mul(forward(), cotangent)), [tensor])[0];
  const passes: { pass: string; result: Operand; body: () => Tensor }[] = [
    { pass: 'forward', result: layer.transposed ? 'fine' : 'coarse', body: forward },
    { pass: 'input gradient', result: layer.transposed ? 'coarse' : 'fine', body: gradientBy(input) },
    { pass: 'weight gradient', result: 'weight', body: gradientBy(weight) },
  ];
  for (const { pass, result, body } of passes) {
    if (layer.first && pass === 'input gradient') continue;
    yield await measureKernel(context, {
      suite,
      name: nameOf(layer),
      pass,
      batch,
      flops: 2 * batch * coarseSize ** 2 * kernel ** 2 * fineC * coarseC,
      bytes: (dtype === 'f16' ? 2 : 4) * (fine.size + coarse.size) + 4 * weight.size,
      body,
      exact: (position) => exactElement(geometry, values, result, position),
    });
  }
}

/** As in "64→128 @ 128², 3×3/2". */
export function nameOf({ inC, outC, size, kernel, stride = 1, transposed = false }: Layer): string {
  const kind = `${kernel}×${kernel}${stride > 1 ? `/${stride}` : ''}${transposed ? ' transposed' : ''}`;
  return `${inC}→${outC} @ ${size}², ${kind}`;
}

/** One element of `result` as the sum of its products of the two other operands. */
export function exactElement(
  geometry: Geometry,
  { fine, coarse, weight }: Readonly<Record<Operand, Float32Array>>,
  result: Operand,
  position: number,
): ExactSum {
  const { batch, kernel, stride, padding, fineSize, coarseSize, fineC, coarseC } = geometry;
  const fineAt = (n: number, y: number, x: number, c: number) => ((n * fineSize + y) * fineSize + x) * fineC + c;
  const coarseAt = (n: number, p: number, q: number, o: number) =>
    ((n * coarseSize + p) * coarseSize + q) * coarseC + o;
  const weightAt = (o: number, i: number, j: number, c: number) => ((o * kernel + i) * kernel + j) * fineC + c;
  const inside = (at: number, size: number) => Number.isInteger(at) && at >= 0 && at < size;

  return exactSum((add) => {
    if (result === 'coarse') {
      const [n, p, q, o] = unravel(position, [coarseSize, coarseSize, coarseC]);
      eachTap(kernel, (i, j) => {
        const [y, x] = [p * stride - padding + i, q * stride - padding + j];
        if (!inside(y, fineSize) || !inside(x, fineSize)) return;
        for (let c = 0; c < fineC; c++) add(fine[fineAt(n, y, x, c)], weight[weightAt(o, i, j, c)]);
      });
    } else if (result === 'fine') {
      const [n, y, x, c] = unravel(position, [fineSize, fineSize, fineC]);
      eachTap(kernel, (i, j) => {
        const [p, q] = [(y + padding - i) / stride, (x + padding - j) / stride];
        if (!inside(p, coarseSize) || !inside(q, coarseSize)) return;
        for (let o = 0; o < coarseC; o++) add(coarse[coarseAt(n, p, q, o)], weight[weightAt(o, i, j, c)]);
      });
    } else {
      const [o, i, j, c] = unravel(position, [kernel, kernel, fineC]);
      for (let n = 0; n < batch; n++)
        for (let p = 0; p < coarseSize; p++)
          for (let q = 0; q < coarseSize; q++) {
            const [y, x] = [p * stride - padding + i, q * stride - padding + j];
            if (!inside(y, fineSize) || !inside(x, fineSize)) continue;
            add(fine[fineAt(n, y, x, c)], coarse[coarseAt(n, p, q, o)]);
          }
    }
  });
}

function eachTap(kernel: number, visit: (i: number, j: number) => void): void {
  for (let i = 0; i < kernel; i++) for (let j = 0; j < kernel; j++) visit(i, j);
}

/** The indices of a row-major position, given the extents of all axes but the first. */
function unravel(position: number, extents: readonly number[]): number[] {
  const indices: number[] = [];
  let rest = position;
  for (const extent of [...extents].reverse()) {
    indices.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return [rest, ...indices];
}
