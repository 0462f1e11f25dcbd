import { DeviceError } from 'sonde/engine';
import './style.css';
import { drawMarks, listPoints } from './draw-finding.js';
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
  drawMarks(marks, finding, frame.width, frame.height);
  listPoints(points, finding);
  angle.textContent =
    finding.angle === undefined
      ? 'Two landmarks fall together: no angle'
      : `Angle of progression ${finding.angle.toFixed(1)}°`;
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
