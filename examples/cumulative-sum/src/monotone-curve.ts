// A curve that never falls, through measurements that do: its rises are exp(w) > 0, and the curve is their cumulative
// sum.
import { Adam, compile, exp, gradients, mean, openDevice, square, sub, type Tensor } from 'sonde/engine';
import { cumulativeSum } from './cumulative-sum.js';

const COUNT = 100;
const device = await openDevice();
const truth = Array.from({ length: COUNT }, (_, i) => 1 / (1 + Math.exp((COUNT / 2 - i) / 8)));
const noise = await device.randn([COUNT], 1).data();
const measured = device.tensor(
  truth.map((value, i) => value + 0.1 * noise[i]),
  [COUNT],
);

const w = device.full([COUNT], Math.log(1 / COUNT));
const adam = new Adam();
const curve = () => cumulativeSum(exp(w));
const step = compile((points: Tensor, learningRate: Tensor) => {
  const loss = mean(square(sub(curve(), points)));
  adam.update([w], gradients(loss, [w]), learningRate);
  return loss;
});
for (let i = 0; i < 500; i++) (await step(measured, 0.05)).dispose();

const [fitted, given] = [await curve().data(), await measured.data()];
const error = (values: Float32Array) => Math.sqrt(truth.reduce((sum, y, i) => sum + (values[i] - y) ** 2, 0) / COUNT);
const falls = (values: Float32Array) => values.filter((y, i) => i > 0 && y < values[i - 1]).length;
console.log(`measured  ${error(given).toFixed(3)} from the truth, falls ${falls(given)} times`);
console.log(`fitted    ${error(fitted).toFixed(3)} from the truth, falls ${falls(fitted)} times`);
device.close();
