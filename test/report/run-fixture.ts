import { join } from 'node:path';
import sharp from 'sharp';
import { scoreCases } from '../../src/train/evaluate/scores.js';
import {
  evaluateLandmarks,
  type GalleryPicture,
  type LandmarkCase,
  type Landmarks,
  predictionsCsv,
  resolveConfig,
  type SplitMetrics,
  writeFileAtomically,
} from '../../src/train/index.js';

/** Frames that a fixture's run was tested on. */
export const FRAMES = 12;
/** Pixels of a 512 frame in one of a fixture's frames. */
export const SCALE = 4;

/** What it would take to break out of text, of an attribute, of a style and of the direction of writing. */
export const HOSTILE_NAME =
  '\u202e</title></style><script>alert("1")</script>\'"><img src=x onerror=alert(2)>\u0007.jpg';

export const ENVIRONMENT = {
  date: '2025-11-22T16:02:00.000Z',
  sonde: '0.1.0',
  commit: '0123456789ab',
  node: 'v20.19.0',
  platform: 'linux x64',
  adapter: 'Fixture <GPU> 1.2.3',
  software: true,
};

export interface RunFixture {
  /** Everything the run is off by, so that two runs differ. */
  readonly error: number;
  readonly settings?: Record<string, unknown>;
  readonly epochs?: number;
  readonly evaluated?: boolean;
}

/** The truth of a frame, in its own pixels of a quarter of a 512 frame's. */
function truthOf(frame: number): Landmarks {
  return { ps1: { x: 70, y: 18 }, ps2: { x: 40 - frame / 4, y: 25 }, fh1: { x: 80 - frame, y: 50 + frame / 2 } };
}

/** Each landmark is off along a 3-4-5 triangle: PS1 by `error`, PS2 by twice, FH1 by three times as much, in 512 px. */
function predictedOf(frame: number, error: number): Landmarks {
  const { ps1, ps2, fh1 } = truthOf(frame);
  const unit = (error * (1 + frame / FRAMES)) / SCALE / 5;
  const moved = ({ x, y }: { x: number; y: number }, times: number) => ({
    x: x + 3 * times * unit,
    y: y + 4 * times * unit * (frame % 2 === 0 ? 1 : -1),
  });
  return { ps1: moved(ps1, 1), ps2: moved(ps2, 2), fh1: moved(fh1, 3) };
}

/** What `evaluate` scores. */
export function casesOf(error: number): LandmarkCase[] {
  const enlarged = ({ ps1, ps2, fh1 }: Landmarks): Landmarks => {
    const enlarge = ({ x, y }: { x: number; y: number }) => ({
      x: (x + 0.5) * SCALE - 0.5,
      y: (y + 0.5) * SCALE - 0.5,
    });
    return { ps1: enlarge(ps1), ps2: enlarge(ps2), fh1: enlarge(fh1) };
  };
  return Array.from({ length: FRAMES }, (_, frame) => {
    return { predicted: enlarged(predictedOf(frame, error)), truth: enlarged(truthOf(frame)) };
  });
}

/** Writes what `train` and `evaluate` leave in a run's folder, without either. */
export async function writeRun(
  folder: string,
  { error, settings = {}, epochs = 4, evaluated = true }: RunFixture,
): Promise<void> {
  const write = (name: string, contents: string | Uint8Array) => writeFileAtomically(join(folder, name), contents);
  await write('config.json', JSON.stringify(resolveConfig(settings)));
  await write('environment.json', JSON.stringify(ENVIRONMENT));
  await write('training-set.json', JSON.stringify({ frames: 40, meanLandmarks: truthOf(0) }));
  await write('metrics.jsonl', Array.from({ length: epochs }, (_, i) => `${epochLine(i + 1, epochs)}\n`).join(''));
  if (!evaluated) return;
  const own = { scale: 1.5, blur: 0, floor: 2 };
  const fitted = { frames: 10, split: 'validation', checkpoint: 'best', epoch: 3, decoding: 'dsnt' };
  const other = { ...fitted, decoding: 'argmax', frames: 99 };
  const landmarks = { ps1: own, ps2: own, fh1: own };
  const calibrations = [other, fitted].map((one) => ({ landmarks, angleScale: 1, threshold: 9.5, ...one }));
  await write('calibration.json', JSON.stringify(calibrations));

  const cases = casesOf(error);
  await write('metrics.json', JSON.stringify({ test: metricsOf(cases) }));
  const rows = cases.map((_, frame) => {
    const filename = frame === 0 ? HOSTILE_NAME : `frame-${frame}.png`;
    return { filename, predicted: predictedOf(frame, error), truth: truthOf(frame), scale: SCALE };
  });
  await write('predictions.csv', predictionsCsv(rows));
  await write('overlays/gallery.json', JSON.stringify(galleryOf(rows, cases)));
  for (const kind of ['best', 'median', 'worst']) {
    const create = { width: 600, height: 500, channels: 3, background: '#204060' } as const;
    await write(`overlays/${kind}-1.png`, await sharp({ create }).png().toBuffer());
  }
}

function epochLine(epoch: number, epochs: number): string {
  return JSON.stringify({
    epoch,
    learningRate: epoch <= 2 ? 0.003 : 0.0015,
    trainingLoss: 1255 + 100 / epoch,
    trainingExcess: 100 / epoch,
    validationLoss: 1255 + 120 / epoch,
    validationExcess: 120 / epoch,
    validationApd: 40 / epoch,
    validationAopMae: epoch === 1 ? null : 12 / epoch,
    gradientNorm: 5,
    imagesPerSecond: 40,
    best: epoch === epochs - 1,
  });
}

function galleryOf(rows: readonly { filename: string }[], cases: readonly LandmarkCase[]): GalleryPicture[] {
  return [0, 5, FRAMES - 1].map((frame, i) => ({
    picture: `${['best', 'median', 'worst'][i]}-1.png`,
    kind: (['best', 'median', 'worst'] as const)[i],
    place: 1,
    filename: rows[frame].filename,
    apd: evaluateLandmarks([cases[frame]]).apd,
    aopError: frame === 5 ? null : 1.25,
  }));
}

function metricsOf(cases: readonly LandmarkCase[]): SplitMetrics {
  const reliability = {
    count: FRAMES,
    coverage: [0.5, 0.9].map((level) => ({ level, observed: level - 0.1 })),
    withinSigma: [
      { sigma: 1, expected: 0.393, observed: 0.3 },
      { sigma: 2, expected: 0.865, observed: 0.75 },
    ],
    bins: [
      { count: 6, predicted: 4, actual: 5 },
      { count: 6, predicted: 8, actual: 11 },
    ],
    ence: 0.3125,
    rankCorrelation: 0.625,
  };
  const reliabilities = {
    all: reliability,
    perLandmark: { ps1: reliability, ps2: reliability, fh1: reliability },
    aop: reliability,
  };
  return {
    ...scoreCases(cases, { seed: 1, meanLandmarks: cases[0].truth }),
    aopAgreement: {
      blandAltman: {
        count: FRAMES,
        bias: -0.75,
        biasInterval: { low: -1.5, high: 0.25 },
        sd: 2,
        lower: -4.67,
        lowerInterval: { low: -6, high: -3 },
        upper: 3.17,
        upperInterval: { low: 2, high: 5 },
        proportional: { slope: 0.034, slopeInterval: { low: -0.1, high: 0.2 }, intercept: -4, p: 0.0004 },
      },
      icc: { subjects: FRAMES, raters: 2, icc: 0.9137, interval: { low: 0.8, high: 0.96 } },
    },
    uncertainty: {
      raw: reliabilities,
      calibrated: reliabilities,
      flag: {
        threshold: 9.5,
        flagged: { count: 3, apd: 21.5, aopMae: 4.5 },
        others: { count: 9, apd: 7.5, aopMae: 1.5 },
      },
    },
    checkpoint: 'best',
    epoch: 3,
    decoding: 'dsnt',
    environment: ENVIRONMENT,
  };
}
