import { LANDMARK_NAMES, type Point } from '../../../model/landmarks.js';
import { type Annotation, landmarksOf, measurementsOf } from '../annotate/annotation.js';

/** Schema version as written by Slicer; older versions accept no other spelling. */
const SCHEMA =
  'https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/markups-schema-v1.0.3.json#';

const DESCRIPTIONS = {
  ps1: 'Inferior end of the pubic symphysis',
  ps2: 'Superior end of the pubic symphysis',
  fh1: 'Tangent point on the fetal skull',
} as const;

/**
 * The landmarks as a 3D Slicer markups file: a point list, and the angle with its vertex at PS1.
 *
 * Positions are those that Slicer gives the pixels of the same picture loaded as a volume with its first pixel's centre
 * at the origin, in LPS: millimetres, of which a pixel has one each way where the file gives no spacing.
 */
export function slicerMarkups(annotation: Annotation): string {
  const landmarks = landmarksOf(annotation);
  const spacing = annotation.prediction.spacing ?? { x: 1, y: 1 };
  const position = ({ x, y }: Point) => [x * spacing.x, y * spacing.y, 0];
  const controlPoint = (name: keyof typeof DESCRIPTIONS, index: number) => ({
    id: String(index + 1),
    label: name.toUpperCase(),
    description: DESCRIPTIONS[name],
    associatedNodeID: '',
    position: position(landmarks[name]),
    orientation: [-1, 0, 0, 0, -1, 0, 0, 0, 1],
    selected: true,
    locked: false,
    visibility: true,
    positionStatus: 'defined',
  });
  const common = {
    coordinateSystem: 'LPS',
    coordinateUnits: 'mm',
    locked: false,
    labelFormat: '%N-%d',
  };
  const { aop } = measurementsOf(annotation);
  const markups = {
    '@schema': SCHEMA,
    markups: [
      {
        type: 'Fiducial',
        ...common,
        fixedNumberOfControlPoints: true,
        controlPoints: LANDMARK_NAMES.map(controlPoint),
      },
      // An angle is measured at its second point.
      ...(aop === null
        ? []
        : [{ type: 'Angle', ...common, controlPoints: (['ps2', 'ps1', 'fh1'] as const).map(controlPoint) }]),
    ],
  };
  return `${JSON.stringify(markups, null, 2)}\n`;
}
