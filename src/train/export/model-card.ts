import { basename } from 'node:path';
import type { Decoding, FrameType } from '../../model/index.js';
import type { Checkpoint } from '../checkpoint/index.js';
import type { TrainingConfig } from '../config/index.js';
import { percent } from '../metrics/percent.js';
import type { SoftwareEnvironment, SplitMetrics } from '../run-folder/index.js';
import { describeCorrections } from '../run-folder/seen-corrections.js';
import { augmentationInWords } from './augmentation-words.js';
import { onnxUse, safetensorsUse } from './card-use.js';
import type { RunFacts } from './run-facts.js';

/** What a model card describes: a file and where it comes from. */
export interface CardSubject {
  readonly file: string;
  readonly bytes: number;
  readonly parameters: number;
  readonly half: boolean;
  readonly config: TrainingConfig;
  readonly checkpoint: Checkpoint;
  /** 0 where the weights do not say. */
  readonly epoch: number;
  readonly decoding: Decoding;
  readonly facts: RunFacts;
  /** What the file was exported with. */
  readonly software: SoftwareEnvironment;
  /** How an ONNX file takes frames; absent for safetensors. */
  readonly onnx?: { readonly frameType: FrameType; readonly fit: boolean };
}

const NAMES = { 'dsnt-deep-unet': 'DSNT-DeepUNet', 'deep-unet': 'Deep-UNet', 'u-net': 'U-Net' } as const;

/**
 * A model card in Markdown, after Mitchell et al., Model Cards for Model Reporting (2019): what the file is, how it was
 * trained and how it scored, what it is for and what not, and how it is loaded. It says only what is known.
 */
export function modelCard(subject: CardSubject): string {
  const { config, file, onnx } = subject;
  const title = `${NAMES[config.model.architecture]}: landmarks and angle of progression in intrapartum ultrasound`;
  const sections = [
    `# ${title}`,
    `**For research only. This is not a medical device; do not base clinical decisions on it.**`,
    `\`${basename(file)}\` finds three landmarks in a transperineal ultrasound frame (PS1 and PS2, the inferior and superior end of the ` +
      'pubic symphysis; FH1, where the tangent from PS1 touches the fetal skull) and from them the angle of progression. ' +
      'It was made with sonde.',
    `## Model\n\n${modelTable(subject)}`,
    `## Training\n\n${training(subject)}`,
    `## Evaluation\n\n${evaluation(subject)}`,
    `## Use\n\n${onnx ? onnxUse(basename(file), { ...onnx, size: config.model.inputSize }) : safetensorsUse(basename(file))}`,
    `## Intended use and limits\n\n${LIMITS}`,
    `## Licence\n\n${LICENCE}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

const LIMITS = `For research on landmark detection and biometry in intrapartum ultrasound: comparing methods, annotating frames that a person
then checks, and teaching.

- Not for diagnosis, for guiding a delivery, or for any decision about a patient.
- The model returns landmarks for every image, even an unrelated one. A wide or split heatmap is a warning; a narrow one is not
  proof that the landmarks are right.
- Results may be worse on frames from other devices, views, gestational ages or populations than those it was trained on, without
  any sign of it in the output.
- Pixels must be square. A frame that was stretched along one axis gives a wrong angle.
- Landmarks outside the central square of the frame are cropped before the network sees them.
- Scores on synthetic frames show that training works. They say nothing about patients and must not be compared with published
  scores.`;

const LICENCE = `sonde is under the MIT licence. The terms for sharing these weights are set by whoever trained them and depend on the
training data.`;

function modelTable(subject: CardSubject): string {
  const { config, parameters, bytes, half, checkpoint, epoch, decoding, software } = subject;
  const { model } = config;
  const heatmaps =
    config.loss.name === 'heatmap' ? 'trained towards Gaussians of peak 1' : 'the logarithm of a distribution';
  const preset = model.architecture === 'u-net' ? '' : `, preset \`${model.preset}\``;
  return table([
    [
      'architecture',
      `${NAMES[model.architecture]}${preset}, ${model.depth} levels, ${model.base} channels at the first`,
    ],
    ['parameters', parameters.toLocaleString('en-GB')],
    [
      'input',
      `grey frames, ${model.inputSize} × ${model.inputSize} px${model.inChannels === 3 ? ', repeated in three channels' : ''}`,
    ],
    ['output', `a heatmap for each landmark (${heatmaps}), read by \`${decoding}\` on the \`${model.grid}\` grid`],
    [
      'weights',
      `\`${checkpoint}\`${epoch > 0 ? `, epoch ${epoch}` : ''}; ${half ? 'kernels in half precision, the rest single' : 'single precision'}`,
    ],
    ['file', `${subject.onnx ? 'ONNX, operator set 17' : 'safetensors'}, ${(bytes / 1e6).toFixed(1)} MB`],
    ['exported', `${software.date.slice(0, 10)}, sonde ${software.sonde}${commit(software)}`],
  ]);
}

function training({ config, facts }: CardSubject): string {
  const {
    loss,
    optimizer,
    training: { epochs, batchSize, accumulate, precision, emaDecay, seed },
  } = config;
  const { datasets, trainingFrames, corrections, environment } = facts;
  const frames = trainingFrames === undefined ? undefined : `${trainingFrames} frames`;
  const from =
    datasets.length === 0
      ? undefined
      : `data set ${datasets.length === 1 ? 'folder' : 'folders'} ${datasets.map((name) => `\`${name}\``).join(', ')}`;
  const seen = corrections.trained.length + corrections.inherited.length;
  const rows: [string, string | undefined][] = [
    ['data', [frames, from].filter(Boolean).join(', ') || undefined],
    ['corrections', seen === 0 ? undefined : describeCorrections(corrections)],
    ['loss', loss.name === 'keypoint' ? `keypoint (λ ${loss.lambda}, σ ${loss.sigma})` : `heatmap (σ ${loss.sigma})`],
    [
      'optimizer',
      [
        `${optimizer.name}, learning rate ${optimizer.learningRate}`,
        `batches of ${batchSize}${accumulate > 1 ? `, ${accumulate} of them a step` : ''}`,
        `at most ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
        ...(precision === 'mixed' ? ['mixed precision'] : []),
        ...(emaDecay === null ? [] : [`moving average of the weights with decay ${emaDecay}`]),
        `seed ${seed}`,
      ].join(', '),
    ],
    ['augmentation', augmentationInWords(config)],
    [
      'trained',
      environment &&
        `${environment.date.slice(0, 10)} on ${environment.adapter}, sonde ${environment.sonde}${commit(environment)}`,
    ],
  ];
  const known = rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return (
    `${table(known)}\n\nThe complete configuration is in the file's metadata under \`config\`. The run does not record what the frames ` +
    'show or where they come from: add this here before sharing the file.'
  );
}

function evaluation({ facts: { scores }, decoding, half, checkpoint }: CardSubject): string {
  if (scores.length === 0) {
    return `These weights have no scores with decoding \`${decoding}\`. \`npm run evaluate\` computes them, and the next export shows them.`;
  }
  const columns = [
    'split',
    'frames',
    'APD (px)',
    'median (px)',
    'within 10 px',
    'AoP error',
    'within 5°',
    'APD of the mean (px)',
  ];
  const rows = scores.map(([split, metrics]) => [split, ...scoreCells(metrics)]);
  const lines = [columns, columns.map((_, i) => (i === 0 ? '---' : '---:')), ...rows];
  return [
    lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    'Pixels of a 512 px frame. APD is the mean Euclidean distance over landmarks and frames, the last column what predicting the mean ' +
      'training landmarks for every frame would score; 95 % bootstrap intervals in brackets.',
    ...(half ? ['The scores are of the weights before their kernels were brought to half precision.'] : []),
    ...(checkpoint === 'best' && scores.some(([split]) => split === 'validation')
      ? ['The validation frames chose the epoch, so their scores are slightly flattering.']
      : []),
  ].join('\n\n');
}

function scoreCells({ count, apd, apdOfMean, intervals, distances, sdr, aopMae, aopWithin5 }: SplitMetrics): string[] {
  const range = ({ low, high }: { low: number; high: number }) => ` (${low.toFixed(2)}–${high.toFixed(2)})`;
  return [
    String(count),
    apd.toFixed(2) + range(intervals.apd),
    distances.median.toFixed(2),
    percent(sdr.within10),
    aopMae === undefined ? 'no angle' : `${aopMae.toFixed(2)}°${intervals.aopMae ? range(intervals.aopMae) : ''}`,
    percent(aopWithin5),
    apdOfMean.toFixed(2),
  ];
}

function commit({ commit: hash }: Pick<SoftwareEnvironment, 'commit'>): string {
  return hash === null ? '' : ` (${hash})`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  return ['| | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}
