import { compile, expectation2d, type Shape, softmax, type Tensor } from '../../src/index.js';
import { GRID, type Workload } from '../models/workloads.js';
import type { Row } from '../report.js';
import type { Suite, SuiteContext } from '../suite.js';
import type { Check } from '../verification.js';
import { measureProgram } from './program.js';
import { WORKLOADS } from './step.js';

/** From images to coordinates, in evaluation mode. */
export const inferenceSuite: Suite = {
  name: 'inference',
  title: 'inference, until its coordinates are read',

  async *run(context) {
    for (const workload of WORKLOADS[context.scale]) yield await measureInference(context, workload);
  },
};

async function measureInference(
  { device, batch: asked, budget, precision, matrixUnits }: SuiteContext,
  workload: Workload,
): Promise<Row> {
  const { name, size, batch: customary } = workload;
  const batch = asked ?? customary;
  const network = workload.build(device, precision);
  using images = device.uniform([batch, size, size, 1], 1, 0, 1);
  const predict = compile(
    (x: Tensor) => {
      const logits = network.logits(x, { training: false });
      return { logits, coordinates: expectation2d(softmax(logits, { axes: [1, 2] }), { grid: GRID }) };
    },
    { device, matrixUnits },
  );
  try {
    const row = await measureProgram({
      ...{ suite: 'inference', name, pass: 'inference', batch, flops: batch * workload.flops.inference },
      ...{ device, budget, program: predict, parameters: network.module.parameterCount },
      args: [images] as [Tensor],
      note: 'from the call until the coordinates are read',
      read: async ({ logits, coordinates }) => {
        await coordinates.data();
        for (const tensor of [logits, coordinates]) tensor.dispose();
      },
    });
    const { logits, coordinates } = await predict(images);
    const check = checkCoordinates(await logits.data(), logits.shape, await coordinates.data());
    for (const tensor of [logits, coordinates]) tensor.dispose();
    return { ...row, check };
  } finally {
    predict.dispose();
    network.module.dispose();
  }
}

/** Software drivers take exponentials to 4e-6 only. */
const COORDINATE_TOLERANCE = 1e-4;

/**
 * Softmax and expectation once more in double precision, from the same heatmaps.
 * @param shape of `logits`, [N, H, W, K], row-major
 * @param coordinates [N, K, 2] on the linspace grid
 */
export function checkCoordinates(logits: Float32Array, shape: Shape, coordinates: Float32Array): Check {
  const [images, height, width, points] = shape;
  let worst = 0;
  for (let image = 0; image < images; image++)
    for (let point = 0; point < points; point++) {
      const heatmap = Array.from(
        { length: height * width },
        (_, cell) => logits[(image * height * width + cell) * points + point],
      );
      const exact = expectedCoordinates(heatmap, height, width);
      for (const axis of [0, 1]) {
        const error = Math.abs(coordinates[(image * points + point) * 2 + axis] - exact[axis]);
        // Not Math.max with a comparison after it: NaN must count as an error.
        if (!(error <= COORDINATE_TOLERANCE)) {
          return {
            valid: false,
            statement: `image ${image}, point ${point}, axis ${axis} is off by ${error} from float64`,
          };
        }
        worst = Math.max(worst, error);
      }
    }
  return { valid: true, statement: `all coordinates within ${worst.toExponential(1)} of float64` };
}

function expectedCoordinates(heatmap: readonly number[], height: number, width: number): [x: number, y: number] {
  const highest = heatmap.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  let [total, x, y] = [0, 0, 0];
  for (const [cell, logit] of heatmap.entries()) {
    const mass = Math.exp(logit - highest);
    const [row, column] = [Math.floor(cell / width), cell % width];
    total += mass;
    x += (mass * (2 * column - (width - 1))) / (width - 1);
    y += (mass * (2 * row - (height - 1))) / (height - 1);
  }
  return [x / total, y / total];
}
