import { angleOfProgression } from '../../../model/landmarks.js';
import { labelsCsv } from '../../../train/dataset/labels.js';
import { landmarksOf } from '../annotate/annotation.js';
import type { ExportedFrame } from './document.js';

/** Rows of a training set's `label.csv` for confirmed frames that are separate image files. */
export function trainingLabels(frames: readonly ExportedFrame[]): string {
  return labelsCsv('train', labelRows(frames, frames.map(imageName)));
}

/**
 * The same for frames that are saved as pictures of their own, with the names of these pictures.
 *
 * @returns Names in the order of the frames, no two alike whatever the case of their letters
 */
export function trainingSet(frames: readonly ExportedFrame[]): { csv: string; names: string[] } {
  const taken = new Set<string>();
  const names = frames.map((frame) => {
    const stem = imageName(frame).replace(/\.[^.]*$/, '');
    let name = `${stem}.png`;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem}-${number}.png`;
    taken.add(name.toLowerCase());
    return name;
  });
  return { csv: labelsCsv('train', labelRows(frames, names)), names };
}

function labelRows(frames: readonly ExportedFrame[], names: readonly string[]) {
  return frames.map(({ annotation }, i) => {
    const landmarks = landmarksOf(annotation);
    return { file: names[i], landmarks, aop: angleOfProgression(landmarks) };
  });
}

/** Name of the file; for a frame of a multi-frame file, the name of its picture. */
function imageName({ file, frame }: ExportedFrame): string {
  if (frame === undefined) return file;
  return `${file.replace(/\.[^.]*$/, '')}-frame-${String(frame).padStart(4, '0')}.png`;
}
