// How well a run tells frames of another kind from its own: `node scripts/foreign-frames.mjs runs/demo data/demo-…`
// prints, for each kind, the area under the ROC curve of the frames' distance, and how many are in doubt.
import { pathToFileURL } from 'node:url';

/** A repeatable stream of uniform numbers (mulberry32). */
function uniform(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rayleigh-distributed speckle in cells of `grain` px, mean about 1. */
function speckle(random, size, grain) {
  const cells = Math.ceil(size / grain) + 1;
  const values = Float32Array.from({ length: cells * cells }, () => Math.sqrt(-2 * Math.log(1 - random())) / 1.25);
  return (x, y) => {
    const [u, v] = [x / grain, y / grain];
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const at = (a, b) => values[(j + b) * cells + i + a];
    const [s, t] = [u - i, v - j];
    return (1 - t) * ((1 - s) * at(0, 0) + s * at(1, 0)) + t * ((1 - s) * at(0, 1) + s * at(1, 1));
  };
}

const inFan = (x, y) => {
  const [dx, dy] = [x - 0.5, y + 0.1];
  const radius = Math.hypot(dx, dy);
  return radius > 0.2 && radius < 1.05 && Math.abs(Math.atan2(dx, dy)) < 0.6;
};

function ellipses(random, count, [least, most]) {
  return Array.from({ length: count }, () => ({
    x: 0.2 + 0.6 * random(),
    y: 0.25 + 0.6 * random(),
    a: least + (most - least) * random(),
    b: least + (most - least) * random(),
    grey: random(),
  }));
}
const within = ({ x, y, a, b }, u, v) => ((u - x) / a) ** 2 + ((v - y) / b) ** 2;

/** Each makes a function of the position (0 to 1 each way), of a stream and a size. */
const KINDS = {
  'pelvic scan: cysts in a fan': (random, size) => {
    const grain = speckle(random, size, 1.5);
    const cysts = ellipses(random, 4, [0.04, 0.16]);
    return (u, v) => {
      if (!inFan(u, v)) return 0;
      const inside = cysts.some((cyst) => within(cyst, u, v) < 1);
      const wall = cysts.some((cyst) => Math.abs(within(cyst, u, v) - 1) < 0.15);
      return (inside ? 0.02 : wall ? 0.7 : 0.3) * grain(u * size, v * size);
    };
  },
  'fan of speckle, no anatomy': (random, size) => {
    const grain = speckle(random, size, 2);
    return (u, v) => (inFan(u, v) ? 0.35 * grain(u * size, v * size) : 0);
  },
  'linear probe: layers of muscle': (random, size) => {
    const grain = speckle(random, size, 1.5);
    const [phase, count, slope] = [6 * random(), 6 + 8 * random(), random() - 0.5];
    return (u, v) => (0.3 + 0.25 * Math.sin(6.28 * count * (v + slope * u) + phase)) * grain(u * size, v * size);
  },
  'computed tomography of a pelvis': (random) => {
    const body = { x: 0.5, y: 0.5, a: 0.4 + 0.08 * random(), b: 0.26 + 0.08 * random() };
    const bones = ellipses(random, 4, [0.04, 0.1]);
    return (u, v) => {
      const at = within(body, u, v);
      if (at > 1) return 0;
      if (bones.some((bone) => within(bone, u, v) < 1)) return 0.95;
      return at > 0.8 ? 0.25 : 0.45;
    };
  },
  'photograph: smooth shapes': (random) => {
    const waves = Array.from({ length: 24 }, () => {
      const frequency = 0.5 + 12 * random() ** 2;
      const [angle, phase] = [6.28 * random(), 6.28 * random()];
      return { x: frequency * Math.cos(angle), y: frequency * Math.sin(angle), phase, size: 0.5 / (1 + frequency) };
    });
    return (u, v) =>
      0.5 + waves.reduce((sum, { x, y, phase, size }) => sum + size * Math.sin(6.28 * (x * u + y * v) + phase), 0);
  },
  'page of text': (random) => {
    const rows = 18 + Math.floor(16 * random());
    const ink = Float32Array.from({ length: 64 * rows }, () => (random() < 0.6 ? 0.1 : 1));
    return (u, v) => {
      const row = Math.floor(v * rows);
      const edge = u < 0.1 || u > 0.9 || v * rows - row > 0.55;
      return edge ? 0.97 : ink[Math.min(row, rows - 1) * 64 + Math.floor(u * 64)];
    };
  },
};

export const FOREIGN_KINDS = Object.keys(KINDS);

/** Frames of a kind that no model of this project is trained on: luminance in [0, 1], size×size. */
export function foreignFrames(kind, count, size, seed = 1) {
  return Array.from({ length: count }, (_, index) => {
    const of = KINDS[kind](uniform(seed * 1000 + index), size);
    const pixels = new Float32Array(size * size);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        pixels[y * size + x] = Math.min(1, Math.max(0, of((x + 0.5) / size, (y + 0.5) / size)));
      }
    }
    return pixels;
  });
}

/** Area under the ROC curve: the chance that a foreign frame scores higher than a known one. */
export function areaUnderRoc(known, foreign) {
  let above = 0;
  for (const a of known) for (const b of foreign) above += b > a ? 1 : b === a ? 0.5 : 0;
  return above / (known.length * foreign.length);
}

/** Prints the table. */
async function main(run, data) {
  const { openDevice } = await import('../dist/index.js');
  const { answerFrames } = await import('../dist/model/index.js');
  const { loadNetworkFrames, readCalibration, readDataset, withRun } = await import('../dist/train/index.js');
  const device = await openDevice({ tuning: 'none' });
  await withRun(device, run, { checkpoint: 'best' }, async ({ predictor, config, key }) => {
    const { inputSize: size, grid } = config.model;
    const calibration = await readCalibration(run, key);
    if (calibration?.features === undefined) throw new Error(`${run} has no calibration of its features; evaluate it.`);
    const known = await loadNetworkFrames(await readDataset(data, 'test'), size);
    const answer = (frames) => {
      const whole = frames.map((pixels) => ({ width: size, height: size, pixels }));
      return answerFrames(predictor, { size, grid, calibration }, whole);
    };
    const own = await answer(known.map(({ pixels }) => pixels));
    console.log(`${'ROC area by'.padStart(47)}${'beyond the'.padStart(14)}${'in'.padStart(10)}`);
    console.log(
      `${'frames'.padEnd(34)}${'distance'.padStart(8)}${'confidence'.padStart(12)}${'threshold'.padStart(12)}${'doubt'.padStart(10)}`,
    );
    console.log(row(`test (${own.length})`, own, own));
    for (const kind of FOREIGN_KINDS) console.log(row(kind, own, await answer(foreignFrames(kind, 50, size))));
  });
  device.close();
}

/** One line of the table: a kind of frames against the model's own. */
function row(name, own, results) {
  const distance = ({ uncertainty }) => uncertainty.distance.value;
  const doubt = ({ confidence }) => -Math.min(...Object.values(confidence));
  const area = (score) => areaUnderRoc(own.map(score), results.map(score)).toFixed(3);
  const share = (holds) => `${((100 * results.filter(holds).length) / results.length).toFixed(1)} %`;
  const beyond = share(({ uncertainty: { distance: d } }) => d.value > d.threshold);
  const cells = [area(distance).padStart(8), area(doubt).padStart(12), beyond.padStart(12)];
  return [name.padEnd(34), ...cells, share(({ lowConfidence }) => lowConfidence).padStart(10)].join('');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(...process.argv.slice(2));
