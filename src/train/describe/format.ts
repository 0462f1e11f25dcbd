import { LANDMARK_NAMES } from '../../model/landmarks.js';
import type { AngleSummary, DataCard, DuplicateGroup, FolderSummary, LabelNoise, Position, Suspect } from './card.js';

/** Groups and suspects that are printed unless all are asked for. */
const SHOWN = 5;

/** A card as text. */
export function formatDataCard(card: DataCard, options: { all?: boolean } = {}): string {
  const shown = options.all ? Number.POSITIVE_INFINITY : SHOWN;
  const sections = [
    `${card.data.join(', ')}: ${count(card.frames.length, 'labelled frame')} in ${count(card.folders.length, 'folder')}`,
    ...card.folders.map(folderText),
    positionsText(card),
    duplicatesText(card.duplicates, shown),
    card.labelNoise && noiseText(card.labelNoise, shown),
  ];
  return sections.filter((section) => section !== undefined).join('\n\n');
}

function folderText(own: FolderSummary): string {
  const { set, split, folder, frames, sizes, formats, devices, spacing, grey, aop } = own;
  const lines = [
    `${set}, ${split}: ${folder}`,
    `  ${count(frames, 'frame')}, ${counted(formats)}; ${counted(sizes)} pixels; mean grey ${(255 * grey).toFixed(0)} of 255`,
    `  devices: ${devices.length === 0 ? 'the files do not say' : counted(devices)}`,
    ...(spacing
      ? [`  ${spacing.low.toFixed(3)} to ${spacing.high.toFixed(3)} mm per pixel (${count(spacing.frames, 'frame')})`]
      : []),
    `  AoP ${aop ? angleText(aop) : 'undefined in every frame'}`,
  ];
  return lines.join('\n');
}

function angleText({ min, q1, median, q3, max, mean, sd }: AngleSummary): string {
  const spread = sd === undefined ? '' : ` ± ${sd.toFixed(1)}°`;
  return `${mean.toFixed(1)}°${spread}; ${min.toFixed(1)}° to ${max.toFixed(1)}°, quartiles ${q1.toFixed(1)}°, ${median.toFixed(1)}°, ${q3.toFixed(1)}°`;
}

function positionsText({ positions, apdOfMean }: DataCard): string {
  const line = (name: keyof DataCard['positions']) => {
    const { mean, sd, low, high }: Position = positions[name];
    const spread = (axis: 'x' | 'y') => (sd === undefined ? '' : ` ± ${sd[axis].toFixed(0)}`);
    const axis = (which: 'x' | 'y') =>
      `${which} ${mean[which].toFixed(0)}${spread(which)} (${low[which].toFixed(0)} to ${high[which].toFixed(0)})`;
    return `  ${name.toUpperCase()}  ${axis('x')}, ${axis('y')}`;
  };
  return [
    'landmarks, px of a 512 px frame',
    ...LANDMARK_NAMES.map(line),
    `  predicting these means for every frame has an APD of ${apdOfMean.toFixed(1)} px`,
  ].join('\n');
}

function duplicatesText(groups: readonly DuplicateGroup[], shown: number): string {
  if (groups.length === 0) return 'duplicates: none';
  const across = groups.filter((group) => group.across).length;
  const lines = groups.slice(0, shown).map(({ files, identical, across: apart, labels }) => {
    const kind = identical ? 'identical files' : 'nearly the same picture';
    const where = apart ? ', in different splits or data sets' : '';
    const first = files.slice(0, 3).join(', ');
    const rest = files.length > 3 ? ` and ${files.length - 3} more` : '';
    return `  ${kind}${where}: ${first}${rest}; labels up to ${labels.most.toFixed(1)} px apart`;
  });
  const frames = groups.reduce((sum, { files }) => sum + files.length, 0);
  const title = `duplicates: ${count(groups.length, 'group')} of ${frames} frames, ${across} of them across splits or data sets`;
  return [title, ...lines, ...more(groups.length - lines.length)].join('\n');
}

function noiseText({ suspects, frames, unknown, fences, crossValidations }: LabelNoise, shown: number): string {
  const limits = LANDMARK_NAMES.map((name) => `${name.toUpperCase()} ${fences[name].toFixed(1)}`).join(', ');
  const title =
    `suspicious labels: ${suspects.length} of ${frames} frames, by ${count(crossValidations.length, 'cross-validation')} ` +
    `(beyond ${limits} px)${unknown > 0 ? `; ${unknown} other frames have no held-out prediction` : ''}`;
  const lines = suspects.slice(0, shown).map((one) => `  ${suspectText(one)}`);
  return [title, ...lines, ...more(suspects.length - lines.length)].join('\n');
}

/** As in "a.png: PS1 31.2 px, FH1 40.0 px from where the models see it". */
export function suspectText({ file, landmarks, distances, swapped }: Suspect): string {
  const which = landmarks.map((name) => `${name.toUpperCase()} ${distances[name].toFixed(1)} px`).join(', ');
  return `${file}: ${which} from where the models see ${landmarks.length === 1 ? 'it' : 'them'}${swapped ? '; PS1 and PS2 look exchanged' : ''}`;
}

function more(rest: number): string[] {
  return rest > 0 ? [`  … and ${rest} more (--all shows them)`] : [];
}

function counted(values: FolderSummary['sizes']): string {
  const first = values
    .slice(0, 3)
    .map(({ value, count: number }) => (values.length === 1 ? value : `${number} ${value}`));
  return [...first, ...(values.length > 3 ? [`${values.length - 3} others`] : [])].join(', ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
