import { compile, type Device, type Operation, record, SondeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { formatMatrixShape, type MatrixShape, type MatrixUnit } from '../../engine/operation.js';
import { signature } from '../../engine/signature.js';
import { kernel } from '../../engine/wgsl/index.js';
import { fitsTiles } from '../implicit-gemm/tile.js';
import type { KernelVariant } from '../implicit-gemm/variants.js';
import { matmul } from './matmul.js';
import subgroupSizeSource from './subgroup-size.wgsl';

/** The result of looking for a device's matrix units. */
export interface MatrixUnits {
  /** What to give `compile` as `matrixUnits`; undefined where there are none that compute correctly. */
  readonly units: MatrixUnit | undefined;
  /** Why there are none, to complete "no matrix units: …". */
  readonly reason?: string;
  /** One sentence for each shape that the driver lists and computes incorrectly, or not at all. */
  readonly struck: readonly string[];
}

const findMatrixUnitsTakes = signature('findMatrixUnits', { device: kinds.device });

const known = new WeakMap<Device, Promise<MatrixUnits>>();

/**
 * The matrix units on which a program may compute products and convolutions of f16, if the device has any: the shapes
 * in `device.info.matrixShapes` are tested, largest first, against the kernels that do without, and the first to pass
 * is the one. Tested once for a device. Programs use them that are compiled with them: `compile(f, { matrixUnits: units
 * })`.
 *
 * @throws DeviceError if the device is lost meanwhile
 */
export function findMatrixUnits(device: Device): Promise<MatrixUnits> {
  findMatrixUnitsTakes(arguments);
  const before = known.get(device);
  if (before) return before;
  const outcome = chooseShape(device);
  known.set(device, outcome);
  return outcome;
}

async function chooseShape(device: Device): Promise<MatrixUnits> {
  const { traits, info } = device;
  if (!traits.f16) return { units: undefined, reason: 'this adapter has no f16', struck: [] };
  const [least, most] = info.subgroupSizes ?? [0, 0];
  // Kernels have 128 invocations or 256, which whole subgroups have to make up.
  const possible = [...doublings(least, most)];
  const wholes = most > 0 && 128 % most === 0;
  const shapes = info.matrixShapes.filter((shape) => wholes && possible.some((size) => fitsTiles(shape, size)));
  if (shapes.length === 0) {
    const listed = info.matrixShapes.map(formatMatrixShape).join(', ');
    const reason = listed ? `none of the shapes that this adapter lists fits (${listed})` : 'this adapter lists none';
    return { units: undefined, reason, struck: [] };
  }
  const struck: string[] = [];
  const volume = ({ m, n, k }: MatrixShape) => m * n * k;
  for (const shape of shapes.sort((a, b) => volume(b) - volume(a))) {
    const { unit, fault } = await tryShape(device, shape, least !== most);
    if (unit) return { units: unit, struck };
    struck.push(`matrix units of ${formatMatrixShape(shape)} were struck off: ${fault}`);
  }
  return { units: undefined, reason: 'every shape failed its test', struck };
}

function* doublings(least: number, most: number): Generator<number> {
  for (let size = least; size > 0 && size <= most; size *= 2) yield size;
}

/** Matrix units of a shape, if they compute correctly, or what is wrong with them. */
async function tryShape(
  device: Device,
  shape: MatrixShape,
  sizeVaries: boolean,
): Promise<{ unit?: MatrixUnit; fault?: string }> {
  try {
    const subgroupSize = sizeVaries ? await subgroupSizeFor(device, shape) : device.info.subgroupSizes?.[1];
    if (subgroupSize === undefined || !fitsTiles(shape, subgroupSize)) {
      return { fault: `the driver gives them subgroups of ${subgroupSize}, into which tiles do not fall.` };
    }
    const unit = { ...shape, subgroupSize, sizeVaries };
    const fault = await faultOf(device, unit);
    return fault ? { fault } : { unit };
  } catch (error) {
    if (!(error instanceof SondeError)) throw error;
    // A device that is lost, or has failed for good, is no fault of the shape's.
    device.checkUsable();
    return { fault: error.message };
  }
}

/** The size of the subgroups that a driver with several gives to kernels with products of this shape. */
async function subgroupSizeFor(device: Device, { m, n, k }: MatrixShape): Promise<number> {
  const constants = { M: m, N: n, K: k, QUADS: (k * Math.max(m, n)) / 4, RESULTS: m * n };
  const question: Operation<null> = {
    name: 'subgroupSize',
    shape: ([x]) => [x],
    lower(lowering, [x], [y]) {
      const own = kernel(subgroupSizeSource, { constants });
      lowering.dispatch({ label: this.name, ...own, bindings: [x, y], writes: [1], workgroups: [1, 1, 1] });
    },
  };
  const nothing = device.zeros([1]);
  const ask = compile((x: Tensor) => record(question, [x], null)[0], { device });
  try {
    const answer = await ask(nothing);
    const size = await answer.item();
    answer.dispose();
    return size;
  } finally {
    ask.dispose();
    nothing.dispose();
  }
}

// More than one tile of 128 each way, the last ones partial, and K no multiple of a step.
const [ROWS, COLUMNS, DEPTH] = [132, 140, 40];

/** The worst that may come of adding DEPTH products in another order, relative to their largest sum. */
const TOLERANCE = 1e-5;

/** What is wrong with matrix units; undefined if nothing is. */
async function faultOf(device: Device, matrixUnits: MatrixUnit): Promise<string | undefined> {
  const halves = async (shape: readonly [number, number], seed: number) => {
    const size = shape[0] * shape[1];
    const values = Float32Array.from({ length: size }, (_, i) => (((i * 389 + seed) % 2039) - 1019) / 1024);
    return device.tensor(values, shape, 'f16');
  };
  // On a driver on CPU cores nothing runs the large tiles, which it compiles for minutes.
  const tested: readonly KernelVariant[] = device.traits.software ? ['matrix'] : ['matrix', 'matrix-128'];
  for (const transposed of [false, true]) {
    const a = await halves(transposed ? [DEPTH, ROWS] : [ROWS, DEPTH], 1);
    const b = await halves(transposed ? [COLUMNS, DEPTH] : [DEPTH, COLUMNS], 2);
    const product = async (variant: KernelVariant): Promise<Float32Array> => {
      const options = { transposeA: transposed, transposeB: transposed, variant };
      const run = compile((x: Tensor, y: Tensor) => matmul(x, y, options), { device, matrixUnits });
      try {
        const result = await run(a, b);
        const values = await result.data();
        result.dispose();
        return values;
      } finally {
        run.dispose();
      }
    };
    try {
      const expected = await product('tiled');
      for (const variant of tested) {
        const error = largestError(await product(variant), expected);
        // Results are f16: to half a unit of its last place.
        if (!(error <= 2 ** -11 + TOLERANCE))
          return `a product differs by ${error.toExponential(1)} of its largest value.`;
      }
    } finally {
      a.dispose();
      b.dispose();
    }
  }
  return undefined;
}

function largestError(actual: Float32Array, expected: Float32Array): number {
  let [error, largest] = [0, 0];
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs(actual[i] - value);
    if (Number.isNaN(difference)) return difference;
    error = Math.max(error, difference);
    largest = Math.max(largest, Math.abs(value));
  }
  return error / largest;
}
