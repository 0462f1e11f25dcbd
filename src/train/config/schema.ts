/**
 * Every setting of a training run, its range and its default. Defaults are the paper's; where the paper is silent, what
 * `configs/README.md` says. The text given with each rule completes the sentence "… is 7; give …".
 */
import { z } from 'zod';
import { DECODINGS } from '../../model/index.js';

function whole(from: number, to: number, alternative = '') {
  const error = `a whole number from ${from} to ${to}${alternative}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
}

/** From `from` to `to`, both included. */
function between(from: number, to: number) {
  const error = `a number from ${from} to ${to}`;
  return z.number({ error }).min(from, { error }).max(to, { error });
}

function positive(to: number, alternative = '') {
  const error = `a number above 0, up to ${to}${alternative}`;
  return z.number({ error }).positive({ error }).max(to, { error });
}

/** A number between 0 and 1, both excluded. */
function fraction(alternative = '') {
  const error = `a number above 0 and below 1${alternative}`;
  return z.number({ error }).gt(0, { error }).lt(1, { error });
}

function oneOf<const Names extends readonly string[]>(...names: Names) {
  return z.enum(names, { error: names.length === 1 ? `"${names[0]}"` : `one of ${quoteAll(names)}` });
}

const flag = z.boolean({ error: 'true or false' });

const objectInBraces = 'an object in braces';

function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: objectInBraces });
}

/** A section whose settings depend on its setting `key`; without one it is the first of `options`. */
function variants<const Key extends string, const Options extends readonly [Variant<Key>, ...Variant<Key>[]]>(
  key: Key,
  ...options: Options
) {
  const names = options.map((option) => option.shape[key].value);
  const union = z.discriminatedUnion(key, options, {
    error: (issue) => (issue.code === 'invalid_union' ? `one of ${quoteAll(names)}` : objectInBraces),
  });
  const withName = (value: unknown) => (isSettings(value) && !(key in value) ? { [key]: names[0], ...value } : value);
  return z.preprocess(withName, union);
}
type Variant<Key extends string> = z.ZodObject<
  { [K in Key]: z.ZodLiteral<string> } & z.core.$ZodLooseShape,
  z.core.$strict
>;

function isSettings(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

const anyModel = {
  base: whole(1, 256).default(64),
  inputSize: whole(32, 2048).default(512),
  grid: oneOf('linspace', 'pixel-centre'),
  decoding: oneOf(...DECODINGS),
};
const channels = z.union([z.literal(1), z.literal(3)], { error: '1, or 3 for grey frames repeated three times' });
const deepUNet = {
  ...anyModel,
  preset: oneOf('stride', 'pool', 'full').default('stride'),
  depth: whole(3, 7).default(7),
  inChannels: channels.default(1),
};
const model = variants(
  'architecture',
  section({ architecture: z.literal('dsnt-deep-unet'), ...deepUNet }),
  section({ architecture: z.literal('deep-unet'), ...deepUNet }),
  section({
    architecture: z.literal('u-net'),
    ...anyModel,
    depth: whole(1, 6).default(4),
    inChannels: channels.default(3),
  }),
);

const loss = variants(
  'name',
  section({
    name: z.literal('keypoint'),
    lambda: between(0, 1e6).default(3.732135829310275),
    sigma: positive(64).default(2.3022166650613793),
    reduction: oneOf('sum-per-image', 'mean').default('sum-per-image'),
    regularizer: oneOf('kl', 'js').default('kl'),
    target: oneOf('unnormalised', 'normalised').default('unnormalised'),
  }),
  section({ name: z.literal('heatmap'), sigma: positive(64).default(2) }),
);

const layers = z
  .string({ error: 'a layer, as in "enc1" or "enc*"' })
  .min(1, { error: 'a layer, as in "enc1" or "enc*"' });

const anyOptimizer = {
  learningRate: positive(10).default(5.352137134504593e-5),
  weightDecay: between(0, 1).default(0),
  clipNorm: positive(1e9, ', or null for no clipping').nullable().default(0.7221588712934679),
  learningRateFactors: z
    .record(layers, positive(1000), { error: 'an object of layers and factors, as in {"enc*": 0.1}' })
    .default({}),
};
const beta = between(0, 1).lt(1, { error: 'a number of at least 0 and below 1' });
const adaptive = {
  betas: z.tuple([beta, beta], { error: 'two numbers, each at least 0 and below 1' }).default([0.9, 0.999]),
  eps: positive(1).default(1e-8),
};
const optimizer = variants(
  'name',
  section({ name: z.literal('adam'), ...anyOptimizer, ...adaptive }),
  section({ name: z.literal('adamw'), ...anyOptimizer, ...adaptive }),
  section({ name: z.literal('sgd'), ...anyOptimizer, momentum: between(0, 1).default(0) }),
);

const schedule = variants(
  'name',
  section({
    name: z.literal('plateau'),
    factor: between(0.001, 0.999).default(0.5),
    patience: whole(0, 100_000).default(10),
    threshold: between(0, 1).default(1e-4),
    minLearningRate: between(0, 10).default(0),
  }),
  section({
    name: z.literal('step'),
    factor: between(0.001, 0.999).default(0.5),
    every: whole(1, 100_000).default(15),
  }),
  section({ name: z.literal('constant') }),
);

const training = section({
  epochs: whole(1, 100_000).default(66),
  batchSize: whole(1, 1024).default(8),
  accumulate: whole(1, 1024).default(1),
  recompute: flag.default(false),
  precision: oneOf('f32', 'mixed').default('f32'),
  matrixUnits: flag.default(true),
  seed: whole(0, 2 ** 32 - 1).default(0),
  freeze: z.array(layers, { error: 'a list of layers, as in ["enc1", "enc2"]' }).default([]),
  emaDecay: fraction(', or null for no averaging').nullable().default(null),
  earlyStopPatience: whole(1, 100_000, ', or null to train all epochs').nullable().default(20),
  divergencePatience: whole(1, 100_000, ', or null to bear it').nullable().default(10),
  selectBy: oneOf('apd', 'loss').default('apd'),
});

const sigmas = 'two numbers from 0 to 16, the smaller first';
const augmentation = section({
  enabled: flag.default(true),
  device: flag.default(true),
  brightness: between(0, 1).default(0.4),
  contrast: between(0, 1).default(0.4),
  blur: section({
    probability: between(0, 1).default(0.5),
    sigma: z
      .tuple([between(0, 16), between(0, 16)], { error: sigmas })
      .refine(([least, most]) => least <= most, { error: sigmas })
      .default([0.1, 2]),
  }).prefault({}),
  horizontalFlip: between(0, 1).default(0.5),
  verticalFlip: between(0, 1).default(0.5),
  rotation: between(0, 180).default(15),
  translation: between(0, 256).default(10),
});

export const trainingConfigSchema = section({
  model,
  loss,
  optimizer: optimizer.prefault({ name: 'adam' }),
  schedule: schedule.prefault({ name: 'plateau' }),
  training: training.prefault({}),
  augmentation: augmentation.prefault({}),
}).superRefine(({ model: { architecture }, loss: { name } }, context) => {
  // Deep-UNet and DSNT-DeepUNet are one network, told apart by how it is trained.
  const fitting = { 'deep-unet': 'heatmap', 'dsnt-deep-unet': 'keypoint', 'u-net': name }[architecture];
  if (name === fitting) return;
  const other = architecture === 'deep-unet' ? 'dsnt-deep-unet' : 'deep-unet';
  const message = `"${fitting}" for architecture "${architecture}", or train "${other}"`;
  context.addIssue({ code: 'custom', path: ['loss', 'name'], message });
});

/**
 * Settings completed by those defaults that depend on other sections: DSNT-DeepUNet is trained by the keypoint loss,
 * the others by the heatmap loss; the former is decoded by DSNT on the paper's grid, heatmaps by their highest cell, in
 * the middle of the pixels that it stands for.
 */
export function withDependentDefaults(settings: unknown): unknown {
  if (!isSettings(settings)) return settings;
  const { model = {}, loss = {} } = settings;
  const { architecture = 'dsnt-deep-unet' } = isSettings(model) ? model : {};
  const { name = architecture === 'dsnt-deep-unet' ? 'keypoint' : 'heatmap' } = isSettings(loss) ? loss : {};
  const reading = name === 'heatmap' ? HEATMAP_READING : DSNT_READING;
  return {
    ...settings,
    model: isSettings(model) ? { architecture, ...reading, ...model } : model,
    loss: isSettings(loss) ? { name, ...loss } : loss,
  };
}
const DSNT_READING = { grid: 'linspace', decoding: 'dsnt' } as const;
const HEATMAP_READING = { grid: 'pixel-centre', decoding: 'argmax' } as const;

/** A complete configuration: every setting has its value. */
export type TrainingConfig = z.output<typeof trainingConfigSchema>;
