import type { FrameUncertainty, LandmarkUncertainty } from '../../model/index.js';
import { LANDMARK_NAMES } from '../../model/landmarks.js';
import { type Column, numberText, tupleText } from './column.js';

interface UncertainRow {
  readonly uncertainty?: FrameUncertainty;
}

/**
 * How sure a model was of each frame, in pixels of the frame: for each landmark the covariance of its error as "(xx,
 * xy, yy)", the root mean square error to be expected, and the entropy and peak mass of its heatmap; standard deviation
 * and 95 % interval of the angle; and whether the frame is flagged for low confidence, which is empty without a
 * threshold. For an ensemble also how far its members disagree.
 */
export function uncertaintyColumns(rows: readonly UncertainRow[]): Column<UncertainRow>[] {
  if (rows.every(({ uncertainty }) => uncertainty === undefined)) return [];
  const disagree = rows.some(({ uncertainty }) => uncertainty?.landmarks.ps1.disagreement !== undefined);
  const landmarkColumns = (what: string, text: (landmark: LandmarkUncertainty) => string) =>
    LANDMARK_NAMES.map((name): Column<UncertainRow> => {
      const cell = ({ uncertainty }: UncertainRow) => (uncertainty ? text(uncertainty.landmarks[name]) : '');
      return { header: `${name.toUpperCase()} ${what}`, cell };
    });
  return [
    ...landmarkColumns('covariance (px²)', ({ covariance: { xx, xy, yy } }) => tupleText(xx, xy, yy)),
    ...landmarkColumns('predicted error (px)', ({ predictedError }) => numberText(predictedError)),
    ...landmarkColumns('entropy (nats)', ({ entropy }) => numberText(entropy)),
    ...landmarkColumns('peak mass', ({ peakMass }) => numberText(peakMass)),
    ...(disagree ? landmarkColumns('disagreement (px)', (own) => numberText(own.disagreement)) : []),
    { header: 'AoP sd (degrees)', cell: ({ uncertainty }) => numberText(uncertainty?.aop?.sd) },
    { header: 'AoP low', cell: ({ uncertainty }) => numberText(uncertainty?.aop?.low) },
    { header: 'AoP high', cell: ({ uncertainty }) => numberText(uncertainty?.aop?.high) },
    { header: 'Low confidence', cell: ({ uncertainty }) => flagText(uncertainty?.lowConfidence) },
  ];
}

function flagText(flag: boolean | undefined): string {
  if (flag === undefined) return '';
  return flag ? 'yes' : 'no';
}
