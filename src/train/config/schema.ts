/**
 * Every setting of a training run, its range and its default. Defaults are the paper's; where the paper is silent, what
 * `configs/README.md` says. The text given with each rule completes the sentence "… is 7; give …".
 */
import { z } from 'zod';

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

function oneOf<const Names extends readonly string[]>(...names: Names) {
  return z.enum(names, { error: names.length === 1 ? `"${names[0]}"` : `one of ${quoteAll(names)}` });
}

const flag = z.boolean({ error: 'true or false' });

const objectInBraces = 'an object in braces';

function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.strictObject(shape, { error: objectInBraces });
}

/** A section whose settings depend on its `name`; without one it is the first of `options`. */
function named<const Options extends readonly [NamedSection, ...NamedSection[]]>(...options: Options) {
  const names = options.map((option) => option.shape.name.value);
  const union = z.discriminatedUnion('name', options, {
    error: (issue) => (issue.code === 'invalid_union' ? `one of ${quoteAll(names)}` : objectInBraces),
  });
  const withName = (value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !('name' in value)
      ? { name: names[0], ...value }
      : value;
  return z.preprocess(withName, union);
}
type NamedSection = z.ZodObject<{ name: z.ZodLiteral<string> } & z.core.$ZodLooseShape, z.core.$strict>;

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

const model = section({
  architecture: oneOf('dsnt-deep-unet').default('dsnt-deep-unet'),
  preset: oneOf('stride', 'pool').default('stride'),
  base: whole(1, 256).default(64),
  depth: whole(3, 7).default(7),
  inputSize: whole(32, 2048).default(512),
  inChannels: z.literal(1, { error: '1: frames are grey' }).default(1),
  grid: oneOf('linspace', 'pixel-centre').default('linspace'),
});

const loss = section({
  lambda: between(0, 1e6).default(3.732135829310275),
  sigma: positive(64).default(2.3022166650613793),
  reduction: oneOf('sum-per-image', 'mean').default('sum-per-image'),
  regularizer: oneOf('kl', 'js').default('kl'),
  target: oneOf('unnormalised', 'normalised').default('unnormalised'),
});

const anyOptimizer = {
  learningRate: positive(10).default(5.352137134504593e-5),
  weightDecay: between(0, 1).default(0),
  clipNorm: positive(1e9, ', or null for no clipping').nullable().default(0.7221588712934679),
};
const beta = between(0, 1).lt(1, { error: 'a number of at least 0 and below 1' });
const adaptive = {
  betas: z.tuple([beta, beta], { error: 'two numbers, each at least 0 and below 1' }).default([0.9, 0.999]),
  eps: positive(1).default(1e-8),
};
const optimizer = named(
  section({ name: z.literal('adam'), ...anyOptimizer, ...adaptive }),
  section({ name: z.literal('adamw'), ...anyOptimizer, ...adaptive }),
  section({ name: z.literal('sgd'), ...anyOptimizer, momentum: between(0, 1).default(0) }),
);

const schedule = named(
  section({
    name: z.literal('plateau'),
    factor: between(0.001, 0.999).default(0.5),
    patience: whole(0, 100_000).default(10),
    threshold: between(0, 1).default(1e-4),
    minLearningRate: between(0, 10).default(0),
  }),
  section({ name: z.literal('constant') }),
);

const training = section({
  epochs: whole(1, 100_000).default(66),
  batchSize: whole(1, 1024).default(8),
  recompute: flag.default(false),
  seed: whole(0, 2 ** 32 - 1).default(0),
  earlyStopPatience: whole(1, 100_000, ', or null to train all epochs').nullable().default(20),
  selectBy: oneOf('apd', 'loss').default('apd'),
});

const sigmas = 'two numbers from 0 to 16, the smaller first';
const augmentation = section({
  enabled: flag.default(true),
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
  model: model.prefault({}),
  loss: loss.prefault({}),
  optimizer: optimizer.prefault({ name: 'adam' }),
  schedule: schedule.prefault({ name: 'plateau' }),
  training: training.prefault({}),
  augmentation: augmentation.prefault({}),
});

/** A complete configuration: every setting has its value. */
export type TrainingConfig = z.output<typeof trainingConfigSchema>;
