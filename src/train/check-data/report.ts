import { z } from 'zod';
import { SPLITS } from '../dataset/index.js';

/**
 * `error`: training or evaluation would stop there, or their scores would not be worth believing. `warning`: probably a
 * mistake, and worth a look. `note`: harmless here, though other programs may stumble over it.
 */
export const SEVERITIES = ['error', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Every kind of finding with its usual severity, in the order of a report. */
export const FINDING_KINDS = {
  'split-missing': 'error',
  'labels-unreadable': 'error',
  'row-unreadable': 'error',
  'angle-unreadable': 'error',
  'duplicate-row': 'error',
  'image-missing': 'error',
  'image-unreadable': 'error',
  'landmark-off-frame': 'error',
  /** The same file twice. A warning where both are of one split. */
  duplicate: 'error',
  'landmark-cropped': 'warning',
  'label-range': 'warning',
  'landmark-order': 'warning',
  'angle-undefined': 'warning',
  'angle-differs': 'warning',
  'angle-unused': 'warning',
  /** Nearly the same picture twice. A note where both are of one split. */
  'near-duplicate': 'warning',
  'image-unlabelled': 'warning',
  'image-hidden': 'warning',
  'image-size': 'warning',
  'image-blank': 'warning',
  'angle-missing': 'note',
  'image-name': 'note',
  'image-extension': 'note',
} as const satisfies Record<string, Severity>;
export type FindingKind = keyof typeof FINDING_KINDS;
const kinds = Object.keys(FINDING_KINDS) as FindingKind[];

/** One thing that is wrong or odd, and where. */
export const findingSchema = z.object({
  kind: z.enum(kinds),
  severity: z.enum(SEVERITIES),
  split: z.enum(SPLITS),
  /** The file it stands in, relative to the data set's folder: a table, or an image that no table names. */
  path: z.string(),
  /** As a spreadsheet counts: the header is row 1. */
  row: z.int().min(1).optional(),
  /** The image it is about, as the table names it. */
  image: z.string().optional(),
  /** What is wrong, with the numbers and the remedy. */
  message: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

/** What there is of one split. */
const splitSummarySchema = z.object({
  /** The label file, relative to the data set's folder. */
  labels: z.string(),
  rows: z.int(),
  /** Image files that the rows name and that can be read. */
  images: z.int(),
  /** How many there are of each format. */
  formats: z.record(z.string(), z.int()),
  /** Pixels, the most frequent first. */
  sizes: z.array(z.object({ width: z.int(), height: z.int(), count: z.int() })),
  /** Angle of progression by the landmarks, degrees. */
  aop: z.object({ low: z.number(), mean: z.number(), high: z.number() }).optional(),
  /** How far the file's own angles are from those of the landmarks, degrees, where the file has any. */
  aopDifference: z.object({ count: z.int(), mean: z.number(), largest: z.number() }).optional(),
});
export type SplitSummary = z.infer<typeof splitSummarySchema>;

/** What `npm run check-data -- DIR --json` prints. */
export const dataReportSchema = z.object({
  version: z.literal(1),
  /** As it was given. */
  directory: z.string(),
  splits: z.partialRecord(z.enum(SPLITS), splitSummarySchema),
  /** Findings of each severity. */
  counts: z.record(z.enum(SEVERITIES), z.int()),
  /** Errors first, each kind together, by file and row. */
  findings: z.array(findingSchema),
});
export type DataReport = z.infer<typeof dataReportSchema>;
