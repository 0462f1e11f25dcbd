/** What `npm run describe -- DATA --json` prints. Distances are in pixels of a 512 px frame, angles in degrees. */
import { z } from 'zod';
import { SPLITS } from '../dataset/index.js';
import { spreadSchema } from '../metrics/schema.js';

const point = z.object({ x: z.number(), y: z.number() });
const landmarks = z.object({ ps1: point, ps2: point, fh1: point });
const split = z.enum(SPLITS);

const describedFrame = z.object({
  /** Data set, if there are several, and path of the image in it. */
  file: z.string(),
  set: z.string(),
  split,
  /** Folder of the image, within the data set. */
  folder: z.string(),
  width: z.int(),
  height: z.int(),
  format: z.string(),
  /** Millimetres per pixel, where the file says. */
  spacing: point.optional(),
  /** The machine, where the file says. */
  device: z.string().optional(),
  /** Mean grey, 0 to 1. */
  grey: z.number(),
  landmarks,
  aop: z.number().optional(),
});
export type DescribedFrame = z.output<typeof describedFrame>;

const counted = z.array(z.object({ value: z.string(), count: z.int() }));
const angles = spreadSchema.extend({ count: z.int(), mean: z.number(), min: z.number() });
export type AngleSummary = z.output<typeof angles>;

const position = z.object({
  mean: point,
  /** Standard deviations, with divisor n − 1, and correlation of x and y; absent for a single frame. */
  sd: point.optional(),
  correlation: z.number().optional(),
  low: point,
  high: point,
});
export type Position = z.output<typeof position>;
const positions = z.object({ ps1: position, ps2: position, fh1: position });

const folderSummary = z.object({
  set: z.string(),
  split,
  folder: z.string(),
  frames: z.int(),
  /** Each the most frequent first. */
  sizes: counted,
  formats: counted,
  devices: counted,
  /** Millimetres per pixel along x, over the frames that say. */
  spacing: z.object({ frames: z.int(), low: z.number(), high: z.number() }).optional(),
  grey: z.number(),
  aop: angles.optional(),
  positions,
});
export type FolderSummary = z.output<typeof folderSummary>;

const duplicateGroup = z.object({
  /** Whether the files are the same, byte for byte. */
  identical: z.boolean(),
  /** Whether some of them are in different splits, or in different data sets. */
  across: z.boolean(),
  files: z.array(z.string()),
  /** The most by which labels of two of them differ, on average over the landmarks. */
  labels: z.object({ most: z.number() }),
});
export type DuplicateGroup = z.output<typeof duplicateGroup>;

const suspect = z.object({
  file: z.string(),
  /** The landmarks that the models contradict. */
  landmarks: z.array(z.enum(['ps1', 'ps2', 'fh1'])),
  /** Least distance of a held-out prediction from the label, over the fence of its landmark: at least 1. */
  score: z.number(),
  label: landmarks,
  /** Mean of what the models that were not trained on the frame predict. */
  predicted: landmarks,
  /** Distance of label and `predicted`. */
  distances: z.object({ ps1: z.number(), ps2: z.number(), fh1: z.number() }),
  /** Whether the label fits once PS1 and PS2 change places. */
  swapped: z.boolean(),
});
export type Suspect = z.output<typeof suspect>;

const labelNoise = z.object({
  /** Folders of the cross-validations. */
  crossValidations: z.array(z.string()),
  /** Frames with a held-out prediction of every cross-validation. */
  frames: z.int(),
  /** Frames whose image or label has changed since, or that none was trained on. */
  unknown: z.int(),
  /**
   * Beyond this distance a held-out prediction contradicts a label: third quartile and three times the interquartile
   * range.
   */
  fences: z.object({ ps1: z.number(), ps2: z.number(), fh1: z.number() }),
  /** The most suspicious first. */
  suspects: z.array(suspect),
});
export type LabelNoise = z.output<typeof labelNoise>;

export const dataCardSchema = z.object({
  version: z.literal(1),
  /** As they were given. */
  data: z.array(z.string()),
  frames: z.array(describedFrame),
  folders: z.array(folderSummary),
  positions,
  aop: angles.optional(),
  /** APD of predicting the mean landmarks for every frame: what a model scores that ignores the image. */
  apdOfMean: z.number(),
  duplicates: z.array(duplicateGroup),
  /** Absent without a cross-validation. */
  labelNoise: labelNoise.optional(),
});
export type DataCard = z.output<typeof dataCardSchema>;
