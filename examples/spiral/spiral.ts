// Two spirals, wound into each other: which one does a point lie on?
import {
  Adam,
  add,
  compile,
  gradients,
  logSoftmax,
  matmul,
  mean,
  mul,
  openDevice,
  type Tensor,
  tanh,
} from 'sonde/engine';

const device = await openDevice();

/**
 * Points of both in turn, [count, 2], and one-hot labels; `phase` keeps those to train with and those to test with
 * apart.
 */
function spirals(count: number, phase: number): [points: Tensor, labels: Tensor] {
  const turns = Array.from({ length: count }, (_, i) => 0.5 + (3 * Math.PI * (i + phase)) / count);
  const points = turns.flatMap((t, i) => [Math.cos(t), Math.sin(t)].map((c) => (i % 2 ? t : -t) * 0.4 * c));
  const labels = turns.flatMap((_, i) => [1 - (i % 2), i % 2]);
  return [device.tensor(points, [count, 2]), device.tensor(labels, [count, 2])];
}

const sizes = [2, 32, 32, 2];
const layers = [0, 1, 2].map((i) => ({
  weight: device.uniform([sizes[i], sizes[i + 1]], i, -0.5, 0.5),
  bias: device.uniform([sizes[i + 1]], 10 + i, -1, 1),
}));
const parameters = layers.flatMap(({ weight, bias }) => [weight, bias]);
const linear = (x: Tensor, i: number) => add(matmul(x, layers[i].weight), layers[i].bias);
const classify = (x: Tensor) => linear(tanh(linear(tanh(linear(x, 0)), 1)), 2);

const adam = new Adam();
const step = compile((x: Tensor, labels: Tensor, learningRate: Tensor) => {
  const loss = mul(mean(mul(logSoftmax(classify(x)), labels)), -2);
  adam.update(parameters, gradients(loss, parameters), learningRate);
  return loss;
});

const [points, labels] = spirals(256, 0);
for (let i = 0; i <= 1000; i++) {
  const loss = await step(points, labels, 0.01);
  if (i % 200 === 0) console.log(`step ${i}: loss ${(await loss.item()).toFixed(4)}`);
  loss.dispose();
}

const [unseen, truth] = spirals(200, 0.5);
const [scores, answers] = [await classify(unseen).data(), await truth.data()];
const right = [...Array(200).keys()].filter((i) => scores[2 * i] > scores[2 * i + 1] === answers[2 * i] > 0);
console.log(`${right.length} of 200 unseen points right`);
device.close();
