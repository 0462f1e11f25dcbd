import { afterEach, describe, expect, test } from 'vitest';
import type { Device } from '../../../src/index.js';
import { InferenceService } from '../../../src/tool/server/inference.js';
import { Problem } from '../../../src/tool/server/problem.js';
import { buildPredictor, buildTrainedModel } from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { phantomFrames } from '../../train/loop/phantom-frames.js';
import { ownDevice, SIZE, smallRun } from './small-run.js';

const services: InferenceService[] = [];
afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
});

async function start(options: { batchSize?: number; onOpen?: (device: Device) => void } = {}) {
  const lines: string[] = [];
  const service = await InferenceService.start({
    run: await smallRun(),
    openDevice: async () => {
      const device = await ownDevice();
      options.onOpen?.(device);
      return device;
    },
    batchSize: options.batchSize ?? 1,
    log: (line) => lines.push(line),
  });
  services.push(service);
  return { service, lines };
}

const patient = { heatmaps: false, signal: new AbortController().signal };

describe('InferenceService', () => {
  test('answers each of the frames that came together with its own landmarks, in few submits', async () => {
    const frames = phantomFrames(7, SIZE).map(({ pixels }) => pixels);
    const device = await sharedDevice();
    const run = await smallRun();
    const { model } = buildTrainedModel(device, run.config, run.weights);
    const predictor = buildPredictor(device, run.config, model, { batchSize: 1 });
    const alone = await predictor.predict(frames);
    predictor.dispose();
    model.dispose();

    const { service } = await start({ batchSize: 4 });
    const together = await Promise.all(frames.map((frame) => service.predict(frame, patient)));
    expect(together.map(({ batch }) => batch)).toEqual([4, 4, 4, 4, 2, 2, 1]);
    for (const [i, { prediction }] of together.entries()) {
      for (const name of ['ps1', 'ps2', 'fh1'] as const) {
        expect(prediction.landmarks[name].x).toBeCloseTo(alone[i].landmarks[name].x, 3);
        expect(prediction.landmarks[name].y).toBeCloseTo(alone[i].landmarks[name].y, 3);
      }
    }
    expect(new Set(alone.map(({ landmarks }) => landmarks.ps1.x)).size).toBe(7);
  });

  test('refuses what was on a lost device, keeps what waits, and predicts again on a new one', async () => {
    const opened: Device[] = [];
    const { service, lines } = await start({ onOpen: (device) => opened.push(device) });
    const [frame] = phantomFrames(1, SIZE).map(({ pixels }) => pixels);
    const before = await service.predict(frame, patient);

    const first = service.predict(frame, patient);
    const second = service.predict(frame, patient);
    // The first frame is on the device by the next turn of the loop but one.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    opened[0].gpu.destroy();
    const refusal = await first.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Problem);
    expect(refusal).toMatchObject({ code: 'device-lost', status: 503 });
    expect((await second).prediction).toEqual(before.prediction);
    expect(opened).toHaveLength(2);
    expect(service.ready).toBe(true);
    expect(lines.join('\n')).toContain('the GPU has been reopened');
  });

  test('opens a device again that is lost while nothing is predicted', async () => {
    const opened: Device[] = [];
    const { service } = await start({ onOpen: (device) => opened.push(device) });
    opened[0].gpu.destroy();
    await expect.poll(() => opened.length).toBe(2);
    await expect.poll(() => service.ready).toBe(true);
  });

  test('a frame whose request is given up leaves the queue', async () => {
    const { service } = await start();
    const [frame] = phantomFrames(1, SIZE).map(({ pixels }) => pixels);
    const controller = new AbortController();
    const given = [1, 2, 3].map(() => service.predict(frame, { heatmaps: false, signal: controller.signal }));
    const kept = service.predict(frame, patient);
    controller.abort(new Error('given up'));
    expect(service.waiting).toBe(1);
    for (const one of given) await expect(one).rejects.toThrow('given up');
    await expect(kept).resolves.toBeDefined();
    expect(service.waiting).toBe(0);
  });

  test('refuses frames once it is closed, those that wait too', async () => {
    const { service } = await start();
    const [frame] = phantomFrames(1, SIZE).map(({ pixels }) => pixels);
    const waiting = [1, 2, 3].map(() => service.predict(frame, patient));
    const settled = Promise.allSettled(waiting);
    await service.close();
    expect((await settled).map(({ status }) => status)).toContain('rejected');
    await expect(service.predict(frame, patient)).rejects.toMatchObject({ code: 'stopping', status: 503 });
  });
});
