import { openDevice } from 'sonde/engine';
import { Classifier } from './classifier.js';
import { drawCurve, drawSurface } from './drawing.js';
import { makePoints, SHAPE_NAMES } from './points.js';

/** Milliseconds of training between two pictures, at least: short enough for the page to stay smooth. */
const BETWEEN_PICTURES = 20;
/** Of the curve; beyond it every other one is dropped. */
const MOST_POINTS = 1000;

const element = (id) => document.getElementById(id);
const [runButton, stepButton, resetButton] = ['run', 'step', 'reset'].map(element);
const [shape, width, rate] = ['shape', 'width', 'rate'].map(element);
shape.append(...SHAPE_NAMES.map((name) => new Option(name)));

let device;
let classifier;
let points;
let history = [];
let steps = 0;
let seen;
/** Milliseconds of a step, a mean that follows the last ones, and of the last look at the plane. */
let stepTime;
let lookTime = 0;
let running = false;
/** Work with the device happens one piece after another. */
let work = Promise.resolve();

function inTurn(piece) {
  work = work.then(piece).catch(fail);
  return work;
}

function fail(error) {
  running = false;
  for (const button of [runButton, stepButton]) button.disabled = true;
  runButton.textContent = 'Train';
  // A device that was lost can be opened again; where there is none, there is nothing to start over.
  if (device) device.close();
  else resetButton.disabled = true;
  device = undefined;
  classifier = undefined;
  element('problem').textContent = error.message;
  element('problem').hidden = false;
}

async function startOver() {
  element('problem').hidden = true;
  if (!device) {
    device = await openDevice();
    const { description, software } = device.info;
    const kind = software ? ', a software adapter: a GPU is many times faster' : '';
    element('adapter').textContent = `Runs on ${description}${kind}.`;
  }
  classifier?.dispose();
  points = makePoints(shape.value);
  classifier = new Classifier(device, points, Number(width.value));
  [history, steps, stepTime] = [[], 0, undefined];
  seen = await classifier.look();
  for (const button of [runButton, stepButton, resetButton]) button.disabled = false;
  show();
}

/** Takes steps, looks at what the network makes of the plane, and draws it. */
async function advance(count) {
  if (!classifier) return;
  const begin = performance.now();
  const loss = await classifier.steps(count, Number(rate.value));
  const each = (performance.now() - begin) / count;
  // The first step compiles the kernels.
  if (steps > 0) stepTime = stepTime === undefined ? each : 0.9 * stepTime + 0.1 * each;
  steps += count;
  history.push({ step: steps, loss });
  if (history.length > MOST_POINTS) history = history.filter((_, i) => i % 2 === 1);
  const looked = performance.now();
  seen = await classifier.look();
  lookTime = performance.now() - looked;
  show();
}

function show() {
  drawSurface(element('surface'), points, seen?.probabilities);
  drawCurve(element('curve'), history);
  const loss = history.at(-1)?.loss;
  element('steps').textContent = steps.toLocaleString('en');
  element('loss').textContent = loss === undefined ? '–' : loss.toPrecision(3);
  element('accuracy').textContent = seen ? `${(100 * seen.accuracy).toFixed(1)} %` : '–';
  element('time').textContent = stepTime === undefined ? '–' : `${stepTime.toPrecision(2)} ms`;
}

/** Puts the state into words for those who do not see the pictures. */
function speak() {
  const loss = history.at(-1)?.loss;
  const right = `${(100 * (seen?.accuracy ?? 0)).toFixed(1)} % of the points on their side`;
  const sentence =
    loss === undefined ? `No step yet, ${right}` : `After ${steps} steps the loss is ${loss.toPrecision(3)}, ${right}`;
  element('spoken').textContent = sentence;
  element('surface').setAttribute('aria-label', `Decision surface of ${shape.value}: ${right}`);
  element('curve').setAttribute('aria-label', `Loss by step: ${sentence}`);
}

function setRunning(on) {
  running = on;
  runButton.textContent = on ? 'Pause' : 'Train';
  stepButton.disabled = on;
  if (on) requestAnimationFrame(frame);
  else void inTurn(speak);
}

async function frame() {
  if (!running) return;
  // No less time for training than for looking.
  const time = Math.max(BETWEEN_PICTURES, lookTime);
  const count = stepTime === undefined ? 1 : Math.min(50, Math.max(1, Math.round(time / stepTime)));
  await inTurn(() => advance(count));
  if (running) requestAnimationFrame(frame);
}

runButton.addEventListener('click', () => setRunning(!running));
stepButton.addEventListener('click', () => inTurn(() => advance(1)).then(speak));
for (const [control, event] of [
  [resetButton, 'click'],
  [shape, 'change'],
  [width, 'change'],
]) {
  control.addEventListener(event, () => inTurn(startOver).then(speak));
}
// Canvases keep neither their size nor the colours of the theme by themselves.
new ResizeObserver(() => points && show()).observe(element('surface'));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => points && show());

await inTurn(startOver);
speak();
// Who asked for less motion starts it by hand.
if (classifier && !matchMedia('(prefers-reduced-motion: reduce)').matches) setRunning(true);
