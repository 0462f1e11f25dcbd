import { DeviceError } from 'sonde/engine';
import { NOTICE } from 'sonde/model';
import './style.css';
import { drawMarks, listPoints, listRemarks } from './draw-finding.js';
import { LandmarkModel } from './landmark-model.js';
import { readFrame } from './read-frame.js';

function find<E extends Element>(selector: string, kind: new () => E): E {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`The page has no ${selector}.`);
  return found;
}
const status = find('#status', HTMLElement);
const input = find('#file', HTMLInputElement);
const canvas = find('#picture', HTMLCanvasElement);
const marks = find('#marks', SVGSVGElement);
const result = find('#result', HTMLElement);
const angle = find('#angle', HTMLElement);
const points = find('#points', HTMLElement);
const remarks = find('#remarks', HTMLElement);
find('#notice', HTMLElement).textContent = NOTICE;

function say(text: string, kind: 'ready' | 'busy' | 'failed'): void {
  status.textContent = text;
  status.className = kind;
}

function fail(error: unknown): void {
  const without = error instanceof DeviceError && !navigator.gpu;
  say(
    without
      ? 'This browser has no WebGPU, which the model needs. Use a current Chrome, Edge, Safari or Firefox.'
      : (error as Error).message,
    'failed',
  );
}

async function show(model: LandmarkModel, file: File): Promise<void> {
  say(`Reading ${file.name}…`, 'busy');
  const frame = await readFrame(file, canvas);
  const started = performance.now();
  const finding = await model.find(frame);
  const took = performance.now() - started;
  drawMarks(marks, finding);
  listPoints(points, finding);
  listRemarks(remarks, finding);
  const { aop } = finding;
  angle.textContent = aop === null ? 'No angle of progression' : `Angle of progression ${aop.toFixed(1)}°`;
  result.hidden = false;
  say(`${file.name}: ${Math.round(took)} ms on ${model.device.info.description}`, 'ready');
}

try {
  const model = await LandmarkModel.load('model');
  say(`Ready, on ${model.device.info.description}`, 'ready');
  input.disabled = false;
  input.addEventListener('change', () => {
    const [file] = input.files ?? [];
    if (file) {
      input.disabled = true;
      show(model, file)
        .catch(fail)
        .finally(() => {
          input.disabled = false;
          input.value = '';
        });
    }
  });
} catch (error) {
  fail(error);
}
