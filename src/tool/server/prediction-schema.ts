/**
 * Request and response schemas of `POST /v1/predict`. Responses are serialized by them, and they are in the OpenAPI
 * document.
 */
import { z } from 'zod';
import { FITS, parseFrames } from '../../model/index.js';
import { flag } from './parameters.js';

const point = z.strictObject({ x: z.number(), y: z.number() });

const perLandmark = <Value extends z.ZodType>(value: Value, description: string) =>
  z.strictObject({ ps1: value, ps2: value, fh1: value }).describe(description);

const landmarks = (description: string) =>
  z
    .strictObject({
      ps1: point.describe('Inferior end of the pubic symphysis, the vertex of the angle'),
      ps2: point.describe('Superior end of the pubic symphysis'),
      fh1: point.describe('Point where the ray from PS1 touches the fetal skull'),
    })
    .describe(description);

const region = (description: string) =>
  z.strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }).describe(description);

const spacing = point.nullable().describe('Millimetres per pixel, if the file states it');

const uncertaintySchema = z
  .strictObject({
    calibrated: z
      .boolean()
      .describe('Whether the values were calibrated on labelled frames; otherwise they are the widths of the heatmaps'),
    predictedError: z.number().describe('Mean of the predicted errors of the landmarks, pixels of the image'),
    landmarks: perLandmark(
      z.strictObject({
        covariance: z
          .strictObject({ xx: z.number(), xy: z.number(), yy: z.number() })
          .describe('Covariance, pixels² of the image'),
        entropy: z.number().describe('Entropy of the heatmap, nats'),
        peakMass: z.number().describe('Share of the heatmap in its highest cell and the eight cells around it'),
        predictedError: z.number().describe('Expected distance from the true landmark, pixels of the image'),
      }),
      'Uncertainty of each landmark',
    ),
    aop: z
      .strictObject({
        sd: z.number(),
        low: z.number(),
        high: z.number(),
        approximate: z.boolean().describe('Whether the interval is a poor approximation'),
      })
      .nullable()
      .describe('Standard deviation and 95 % interval of the angle in the picture, degrees'),
    distance: z
      .strictObject({ value: z.number(), threshold: z.number().describe('Distance above which the frame is in doubt') })
      .nullable()
      .describe('Distance from known frames; null if the calibration does not describe them'),
  })
  .describe('Uncertainty of the prediction');

const heatmapsSchema = z
  .strictObject({
    width: z.int(),
    height: z.int(),
    box: region('Position and size of the maps, in pixels from the top left corner of the image'),
    levels: z
      .string()
      .describe('Base64 of one byte per cell, row by row, PS1 then PS2 then FH1; the highest cell of each map is 255'),
  })
  .describe('Present if requested');

const milliseconds = (description: string) => z.number().describe(`${description}; ms`);

const frameSchema = z.strictObject({
  frame: z.int().describe('Frame number, from 1'),
  frameCount: z.int().describe('Number of frames in the file'),
  width: z.int(),
  height: z.int(),
  spacing,
  pixelAspectRatio: z
    .number()
    .nullable()
    .describe('Height of a pixel divided by its width, if the file states that but no spacing in millimetres'),
  fit: z.enum(FITS),
  seen: region('The part of the image that the network saw, in pixels from the top left corner'),
  brightOutside: z.number().describe('Luminance, 0 to 1, of the brightest patch that the network did not see'),
  landmarks: landmarks('In pixels of the image: x right, y down, integers at pixel centres'),
  aop: z.number().nullable().describe('Angle of progression in the picture, degrees; null if undefined'),
  aopInMillimetres: z
    .number()
    .nullable()
    .describe('Anatomical angle, computed in millimetres, if pixels are not square'),
  aopMissing: z.string().nullable().describe('Reason why the angle is undefined'),
  rays: z
    .strictObject({ ps1ps2: z.number(), ps1fh1: z.number() })
    .nullable()
    .describe('Lengths of the rays in millimetres, if the file states its pixel spacing'),
  confidence: perLandmark(z.number().min(0).max(1), 'Confidence of each heatmap in its point, 0 to 1'),
  uncertainty: uncertaintySchema,
  lowConfidence: z.boolean().describe('Whether a person should check every landmark, for the reasons in `doubts`'),
  doubts: z.array(z.string()).readonly().describe('Reasons for low confidence'),
  warnings: z.array(z.string()).readonly().describe('Other warnings about the result'),
  heatmaps: heatmapsSchema.optional(),
  notice: z.string(),
  overlay: z
    .strictObject({ url: z.string(), expires: z.iso.datetime() })
    .nullable()
    .describe('Picture with landmarks, rays and angle, kept in memory only'),
});

const overTime = z
  .strictObject({ median: z.number(), q1: z.number(), q3: z.number(), min: z.number(), max: z.number() })
  .nullable();

export const predictionSchema = z.strictObject({
  image: z.strictObject({
    format: z.enum(['PNG', 'JPEG', 'DICOM', 'MetaImage']),
    width: z.int(),
    height: z.int(),
    frameCount: z.int(),
    spacing,
  }),
  frames: z.array(frameSchema).describe('One result per selected frame, in order'),
  loop: z
    .strictObject({
      frames: z.int().describe('Number of frames predicted'),
      angles: z.int().describe('Number of frames with an angle, from which the statistics are computed'),
      lowConfidence: z.int().describe('Number of frames in doubt, which are included in the statistics'),
      aop: overTime.describe('Median, quartiles and range of the angle in the picture, degrees'),
      aopInMillimetres: overTime.describe('The same for the anatomical angle, if pixels are not square'),
    })
    .nullable()
    .describe('Summary over frames; null for a single-frame file'),
  timings: z.strictObject({
    decode: milliseconds('Time to decode the image, including the wait for a thread'),
    wait: milliseconds('Time waiting for batches to begin'),
    inference: milliseconds('Time of the batches'),
    total: milliseconds('Time since the request arrived'),
    batch: z.int().describe('Number of frames in the largest batch'),
  }),
  model: z.strictObject({ name: z.string(), sha256: z.string() }),
  notice: z.string(),
});

export const predictionQuerySchema = z.strictObject({
  frames: z
    .string()
    .max(1024, { error: 'at most 1024 characters' })
    .refine(isSelection, { error: 'all, first, or numbers from 1 and ranges such as 1,5-9' })
    .default('all')
    .describe('Frames of a multi-frame file to predict: all, first, or numbers from 1 and ranges such as 1,5-9'),
  fit: z
    .enum(FITS, { error: 'crop or pad' })
    .default('crop')
    .describe('How to fit frames that are not square: crop to the central square, or pad with black bars'),
  heatmaps: flag(z.boolean({ error: 'true or false' }))
    .default(false)
    .describe('Whether to include the heatmaps'),
});

function isSelection(text: string): boolean {
  try {
    parseFrames(text);
    return true;
  } catch {
    return false;
  }
}
