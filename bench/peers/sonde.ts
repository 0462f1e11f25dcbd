import { readFileSync } from 'node:fs';
import { Adam, compile, conv2d, gradients, matmul, openDevice, type Tensor } from '../../src/index.js';
import { convInputGradient, convWeightGradient } from '../../src/kernels/conv2d/conv2d.js';
import { smallUNet } from '../models/workloads.js';
import type { Contestant, Values } from './contest.js';
import { serve } from './serve.js';

const device = await openDevice();
const store = ({ values, shape }: Values) => device.tensor(values, shape);

const sonde: Contestant = {
  engine: 'sonde',
  version: (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version,

  async kernel(work, operands) {
    const [left, right, cotangent] = [operands.left, operands.right, operands.cotangent].map(store);
    const geometry = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;
    const program = compile(
      () => {
        if (work.kind === 'matmul') return matmul(left, right);
        if (work.pass === 'forward') return conv2d(left, right, { padding: 1 });
        if (work.pass === 'input gradient') {
          return convInputGradient(cotangent, right, { ...geometry, inputSize: [work.size, work.size] });
        }
        return convWeightGradient(left, cotangent, { ...geometry, kernelSize: [3, 3] });
      },
      { device },
    );
    return {
      async run(times) {
        for (let time = 0; time < times; time++) (await program()).dispose();
        await device.finished();
      },
      async result() {
        const result = await program();
        const values = await result.data();
        result.dispose();
        return values;
      },
      release() {
        program.dispose();
        for (const tensor of [left, right, cotangent]) tensor.dispose();
      },
    };
  },

  async step(_, { images, targets, learningRate }) {
    const { module, loss: lossOf } = smallUNet.build(device);
    const { parameters } = module;
    const optimizer = new Adam();
    const step = compile((x: Tensor, y: Tensor, rate: Tensor) => {
      const loss = lossOf(x, y);
      optimizer.update(parameters, gradients(loss, parameters), rate);
      return loss;
    });
    const [x, y] = [store(images), store(targets)];
    const losses: number[] = [];
    return {
      async run(times) {
        for (let time = 0; time < times; time++) {
          const loss = await step(x, y, learningRate);
          losses.push(await loss.item());
          loss.dispose();
        }
      },
      async result() {
        return Float32Array.from(losses);
      },
      async weights() {
        const entries = module.named().map(async ({ name, tensor }) => {
          return [name, { shape: tensor.shape, values: Float32Array.from(await tensor.data()) }] as const;
        });
        return new Map(await Promise.all(entries));
      },
      release() {
        step.dispose();
        optimizer.dispose();
        module.dispose();
        for (const tensor of [x, y]) tensor.dispose();
      },
    };
  },
};

await serve(sonde, device.info.description);
