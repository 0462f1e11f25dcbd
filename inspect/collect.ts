// Runs in the root of the drivers: what the engine would run on the present adapter for the workloads on standard
// input, a line of JSON each. Kernels go to standard output, a line each; those of the programs themselves are not
// compiled here.
import { readFileSync, writeSync } from 'node:fs';
import type { MatrixUnit } from '../src/engine/operation.js';
import { Program } from '../src/engine/program.js';
import { bytesOf } from '../src/engine/shape.js';
import { cast, compile, type Device, gradients, openDevice, sum, type Tensor } from '../src/index.js';
import { buildPredictor } from '../src/model/frame-result/load-predictor.js';
import type { TrainingConfig } from '../src/train/config/index.js';
import type { NetworkFrame } from '../src/train/dataset/frames.js';
import { openBatchLoader } from '../src/train/loop/batch-loader.js';
import { framesPerStep } from '../src/train/loop/batch-source.js';
import { TrainingStep } from '../src/train/loop/training-step.js';
import { Validator } from '../src/train/loop/validator.js';
import { buildModel } from '../src/train/predict/build.js';
import { operationNamed } from './operations.js';
import type { Workload } from './workload.js';

const say = (message: object) => writeSync(3, `${JSON.stringify(message)}\n`);

/** Ends a program that was recorded and is not to run. */
class Recorded extends Error {}

/** Kernels by their text, numbered in the order in which they were met. */
const known = new Map<string, number>();

function note({ label, source }: { label: string; source: string }): number {
  const number = known.get(source) ?? known.size;
  if (number === known.size) {
    known.set(source, number);
    say({ label, source });
  }
  return number;
}

/** Of the programs that run now; those of no part are not reported. */
let part: string | undefined;

const prepare = Program.prototype.prepare;
Program.prototype.prepare = function (onProgress) {
  for (const command of part === undefined ? [] : this.plan.commands) {
    if (command.kind === 'copy') say({ part, copied: command.bytes });
    if (command.kind !== 'dispatch') continue;
    const { dispatch, values } = command;
    const { workgroups, flops = 0 } = dispatch;
    const bytes = dispatch.bytes ?? values.reduce((sum, value) => sum + bytesOf(value), 0);
    say({ part, kernel: note(dispatch), workgroups: workgroups.reduce((a, b) => a * b), flops, bytes });
  }
  return prepare.call(this, onProgress);
};

/** Reports what the device would compile. Eager operations run, compiled programs end before their first pipeline. */
function record(device: Device): void {
  const { pipelines } = device;
  const get = pipelines.get.bind(pipelines);
  pipelines.get = (dispatch) => {
    note(dispatch);
    return get(dispatch);
  };
  let ending = false;
  pipelines.prepare = async (dispatch) => {
    ending = true;
    note(dispatch);
    throw new Recorded(dispatch.label);
  };
  // A program takes its memory right behind: gigabytes, which a device without memory of its own takes from the
  // machine.
  const within = device.withinMemory.bind(device);
  device.withinMemory = async (make) => {
    if (!ending) return within(make);
    ending = false;
    throw new Recorded('memory');
  };
}

async function recorded(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Recorded)) throw error;
  }
}

/** Matrix units without their test, which a device that executes nothing fails. */
function matrixUnitsOf({ info }: Device, subgroupSize: number | undefined): MatrixUnit | undefined {
  const shape = info.matrixShapes.find(({ m, n, k }) => m === 16 && n === 16 && k === 16);
  if (!shape || subgroupSize === undefined) return undefined;
  const [least, most] = info.subgroupSizes ?? [0, 0];
  return { ...shape, subgroupSize, sizeVaries: least !== most };
}

/** Augmentation, a training step, validation and prediction. */
async function collectConfig(
  device: Device,
  config: TrainingConfig,
  matrixUnits: MatrixUnit | undefined,
): Promise<void> {
  const size = config.model.inputSize;
  const blank: NetworkFrame = {
    file: 'blank',
    size,
    pixels: new Float32Array(size * size),
    landmarks: { ps1: { x: 1, y: 1 }, ps2: { x: 2, y: 3 }, fh1: { x: 4, y: 2 } },
    transform: {} as NetworkFrame['transform'],
    outOfSight: [],
    original: undefined,
  };
  const frames: NetworkFrame[] = new Array(framesPerStep(config)).fill(blank);
  const loader = await openBatchLoader(device, [blank], config);
  part = `${config.training.precision} step`;
  await recorded(() =>
    loader.load({ frames: new Uint32Array(frames.length), draws: new Uint32Array(frames.length), pass: 0 }),
  );
  const model = buildModel(device, config);
  const average = config.training.emaDecay === null ? undefined : buildModel(device, config);
  const images = device.zeros([frames.length, size, size, 1]);
  const targets = device.zeros([frames.length, 3, 2]);
  const step = new TrainingStep(device, model, config, { average, matrixUnits });
  await recorded(() => step.run({ images, targets }, 1e-4));
  part = undefined;
  await recorded(() => new Validator(device, model, config, undefined, { matrixUnits }).validate(frames));
  await recorded(() =>
    buildPredictor(device, config, model, { matrixUnits }).predict(frames.map(({ pixels }) => pixels)),
  );
  for (const tensor of [images, targets]) tensor.dispose();
  model.dispose();
  average?.dispose();
}

/** Forward and backward. */
async function collectOperation(
  device: Device,
  workload: Workload & { kind: 'operation' },
  matrixUnits: MatrixUnit | undefined,
): Promise<void> {
  const call = operationNamed(workload.name);
  const inputs = workload.shapes.map((shape) => device.zeros(shape));
  const half = workload.precision === 'mixed' && device.traits.f16;
  const program = compile(
    (...tensors: Tensor[]) => {
      // Activations are halved in mixed precision, weights are not.
      const taken = half ? [cast(tensors[0], 'f16'), ...tensors.slice(1)] : tensors;
      const result = call(taken, workload.options ?? {});
      return [result, ...gradients(sum(cast(result, 'f32')), tensors)];
    },
    { device, matrixUnits },
  );
  await recorded(() => program(...inputs));
}

const [options, ...workloads] = readFileSync(0, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const device = await openDevice({ tuning: 'none', experimental: true });
const { info, limits } = device;
say({
  device: info.description,
  subgroupSizes: info.subgroupSizes,
  workgroupMemory: limits.maxComputeWorkgroupStorageSize,
});
record(device);
for (const workload of workloads as Workload[]) {
  say({ workload: workload.name });
  const precision = workload.kind === 'config' ? workload.config.training.precision : workload.precision;
  const units = precision === 'mixed' ? matrixUnitsOf(device, options.matrixSubgroup) : undefined;
  try {
    if (workload.kind === 'config') await collectConfig(device, workload.config, units);
    else await collectOperation(device, workload, units);
  } catch (error) {
    say({ failed: workload.name, error: (error as Error).message });
  }
}
process.exit(0);
