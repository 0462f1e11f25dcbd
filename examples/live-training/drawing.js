import { GRID } from './classifier.js';

/** A colour of the style sheet, as red, green and blue. */
function colour(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/** A canvas in the pixels of the screen, with its context counting in those of the page. */
function prepare(canvas) {
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

const cells = new OffscreenCanvas(GRID, GRID);

/**
 * The decision surface with the points on it: circles for the first class, triangles for the second.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{ positions: Float32Array, labels: Uint8Array }} points
 * @param {Float32Array | undefined} probabilities Of the second class, by cell; undefined before the first step
 */
export function drawSurface(canvas, { positions, labels }, probabilities) {
  const { context, width, height } = prepare(canvas);
  const [first, second, between] = ['--first', '--second', '--between'].map(colour);
  const image = new ImageData(GRID, GRID);
  for (let i = 0; i < GRID * GRID; i++) {
    const sure = 2 * (probabilities?.[i] ?? 0.5) - 1;
    const side = sure < 0 ? first : second;
    // Not the whole way, so that points stand out from their own side.
    const share = 0.72 * Math.abs(sure);
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = between[c] + share * (side[c] - between[c]);
    image.data[4 * i + 3] = 255;
  }
  cells.getContext('2d').putImageData(image, 0, 0);
  context.imageSmoothingQuality = 'high';
  context.drawImage(cells, 0, 0, width, height);
  const css = (rgb) => `rgb(${rgb.join(' ')})`;
  const size = Math.max(3.5, width / 130);
  context.strokeStyle = css(colour('--outline'));
  context.lineWidth = 1.5;
  for (const [i, label] of labels.entries()) {
    const x = ((positions[2 * i] + 1) / 2) * width;
    const y = ((1 - positions[2 * i + 1]) / 2) * height;
    context.beginPath();
    if (label === 0) context.arc(x, y, size, 0, 2 * Math.PI);
    else {
      context.moveTo(x, y - 1.25 * size);
      context.lineTo(x + 1.15 * size, y + 0.85 * size);
      context.lineTo(x - 1.15 * size, y + 0.85 * size);
      context.closePath();
    }
    context.fillStyle = css(label === 0 ? first : second);
    context.fill();
    context.stroke();
  }
}

/** Steps between marks of an axis that ends at `most`: 1, 2 or 5 times a power of ten, three to six of them. */
function spacing(most) {
  const rough = most / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}

/**
 * The loss over the steps, on a logarithmic scale.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {readonly { step: number, loss: number }[]} history
 */
export function drawCurve(canvas, history) {
  const { context, width, height } = prepare(canvas);
  const css = (name) => `rgb(${colour(name).join(' ')})`;
  const [left, right, top, bottom] = [44, 8, 8, 22];
  const losses = history.map(({ loss }) => loss).filter((loss) => loss > 0);
  const low = Math.floor(Math.log10(Math.min(0.1, ...losses)));
  const high = Math.ceil(Math.log10(Math.max(1, ...losses)));
  const most = Math.max(100, history.at(-1)?.step ?? 0);
  const x = (step) => left + (step / most) * (width - left - right);
  const y = (loss) => top + ((high - Math.log10(Math.max(loss, 10 ** low))) / (high - low)) * (height - top - bottom);
  context.font = '12px system-ui, sans-serif';
  context.fillStyle = css('--quiet');
  context.strokeStyle = css('--line');
  context.lineWidth = 1;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (let power = low; power <= high; power++) {
    context.beginPath();
    context.moveTo(left, y(10 ** power));
    context.lineTo(width - right, y(10 ** power));
    context.stroke();
    context.fillText(String(Number((10 ** power).toPrecision(1))), left - 8, y(10 ** power));
  }
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  const gap = spacing(most);
  for (let step = gap; step <= most; step += gap) {
    // No mark where its number would not fit.
    if (x(step) < width - 24) context.fillText(step.toLocaleString('en'), x(step), height - 4);
  }
  context.strokeStyle = css('--accent');
  context.lineWidth = 2;
  context.lineJoin = 'round';
  context.beginPath();
  for (const { step, loss } of history) context.lineTo(x(step), y(loss));
  context.stroke();
}
