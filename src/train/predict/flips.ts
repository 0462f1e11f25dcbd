import { mapLandmarks, scaleTo512 } from '../../model/coordinates.js';
import {
  ensembleUncertainty,
  type HeatmapUncertainties,
  type HeatmapUncertainty,
  type Landmarks,
  type Point,
} from '../../model/index.js';
import type { FramePrediction, FramePredictor } from '../../model/predictor.js';
import type { TrainingConfig } from '../config/index.js';
import type { Flip } from '../flip.js';
import { mean } from '../metrics/index.js';

/** Which of the two a view of a frame is mirrored by. */
interface View {
  readonly horizontal: boolean;
  readonly vertical: boolean;
}

/** Those of the mirrored views that a network has not been trained with, and whose landmarks it may not find. */
export function untrainedFlips({ augmentation }: Pick<TrainingConfig, 'augmentation'>, flips: readonly Flip[]): Flip[] {
  const { enabled, horizontalFlip, verticalFlip } = augmentation;
  const chance = { horizontal: horizontalFlip, vertical: verticalFlip };
  return flips.filter((flip) => !enabled || chance[flip] === 0);
}

/**
 * Test-time augmentation: predicts each frame as it is and mirrored, mirrors the landmarks back, and takes the mean.
 * Landmarks are anatomical: a mirror moves them and exchanges none. With both flips there are four views, so that the
 * answer to a mirrored frame is the mirrored answer whichever way it is mirrored.
 */
export class FlippingPredictor implements FramePredictor {
  private readonly views: readonly View[];

  /** @param size Side of the frames, px. */
  constructor(
    private readonly predictor: FramePredictor,
    private readonly size: number,
    flips: readonly Flip[],
  ) {
    const ways = (flip: Flip) => (flips.includes(flip) ? [false, true] : [false]);
    this.views = ways('vertical').flatMap((vertical) =>
      ways('horizontal').map((horizontal) => ({ horizontal, vertical })),
    );
  }

  async predict(frames: readonly Float32Array[]): Promise<FramePrediction[]> {
    const views: FramePrediction[][] = [];
    for (const view of this.views) {
      const predictions = await this.predictor.predict(frames.map((pixels) => mirrorPixels(pixels, this.size, view)));
      views.push(predictions.map((prediction) => mirrorPrediction(prediction, this.size, view)));
    }
    return frames.map((_, i) =>
      mergePredictions(
        views.map((predictions) => predictions[i]),
        this.size,
      ),
    );
  }
}

/** The frame as a mirror shows it. @param pixels size×size, row-major */
export function mirrorPixels(pixels: Float32Array, size: number, { horizontal, vertical }: View): Float32Array {
  if (!horizontal && !vertical) return pixels;
  const mirrored = new Float32Array(pixels.length);
  for (let y = 0; y < size; y++) {
    const row = pixels.subarray(y * size, (y + 1) * size);
    const place = mirrored.subarray((vertical ? size - 1 - y : y) * size);
    place.set(row);
    if (horizontal) place.subarray(0, size).reverse();
  }
  return mirrored;
}

/** What is said of the mirrored frame, as of the frame itself. */
function mirrorPrediction(prediction: FramePrediction, size: number, view: View): FramePrediction {
  const { horizontal, vertical } = view;
  const point = ({ x, y }: Point): Point => ({ x: horizontal ? size - 1 - x : x, y: vertical ? size - 1 - y : y });
  // One mirror turns the slope of an ellipse over, two turn it back.
  const sign = horizontal === vertical ? 1 : -1;
  const uncertainty = ({ covariance: { xx, xy, yy }, ...rest }: HeatmapUncertainty): HeatmapUncertainty => ({
    ...rest,
    covariance: { xx, xy: sign * xy, yy },
  });
  const { ps1, ps2, fh1 } = prediction.uncertainty;
  return {
    landmarks: mapLandmarks(prediction.landmarks, point),
    confidence: prediction.confidence,
    features: prediction.features,
    uncertainty: { ps1: uncertainty(ps1), ps2: uncertainty(ps2), fh1: uncertainty(fh1) },
  };
}

/**
 * What several predictions of one frame say together: the mean of their coordinates and confidences, and the
 * uncertainty of their mixture, see `ensembleUncertainty`.
 *
 * @param size Side of the network's frame, px.
 */
export function mergePredictions(predictions: readonly FramePrediction[], size: number): FramePrediction {
  if (predictions.length === 1) return predictions[0];
  const each = <T>(of: (name: keyof Landmarks) => T) => ({ ps1: of('ps1'), ps2: of('ps2'), fh1: of('fh1') });
  const members = predictions.map(({ landmarks, uncertainty }) => ({
    landmarks: scaleTo512(landmarks, size),
    heatmaps: uncertainty,
  }));
  const uncertainty: HeatmapUncertainties = ensembleUncertainty(members);
  return {
    landmarks: each((name) => ({
      x: mean(predictions.map(({ landmarks }) => landmarks[name].x)),
      y: mean(predictions.map(({ landmarks }) => landmarks[name].y)),
    })),
    confidence: each((name) => mean(predictions.map(({ confidence }) => confidence[name]))),
    uncertainty,
    features: joinFeatures(predictions),
  };
}

/** Those of each view or member one behind the other: networks share no channels. */
function joinFeatures(predictions: readonly FramePrediction[]): Float32Array {
  const joined = new Float32Array(predictions.reduce((sum, { features }) => sum + features.length, 0));
  let at = 0;
  for (const { features } of predictions) {
    joined.set(features, at);
    at += features.length;
  }
  return joined;
}
