import type { Frame } from '../../../images/frame.js';
import type { ModelDescription, Precision } from '../../model-description.js';
import type { Annotation } from '../annotate/annotation.js';
import { type Entry, frameKey } from '../annotate/entry.js';
import type { Workspace } from '../annotate/workspace.js';
import type { ExportKind } from '../view/exports.js';
import { type ExportedFrame, resultsJson } from './document.js';
import { download } from './download.js';
import { slicerMarkups } from './slicer.js';

/** A frame of the queue that has landmarks, and its entry. */
interface QueuedFrame extends ExportedFrame {
  readonly entry: Entry;
  readonly index: number;
}

/** Every frame with landmarks, in the order of the queue. */
export function annotatedFrames(workspace: Workspace): QueuedFrame[] {
  return workspace.state.entries.flatMap((entry) =>
    [...entry.annotations]
      .sort(([a], [b]) => a - b)
      .map(([index, annotation]) => ({
        entry,
        index,
        file: entry.file.name,
        frame: (entry.frameCount ?? 1) > 1 ? index + 1 : undefined,
        annotation,
        seconds: workspace.stopwatch.seconds(frameKey(entry, index)),
      })),
  );
}

/** Input of a picture of the current frame. */
export interface CurrentFrame {
  readonly entry: Entry;
  readonly frame: Frame;
  readonly annotation: Annotation;
}

/** Creates a file of the given kind and downloads it. */
export async function exportFrames(
  kind: ExportKind,
  workspace: Workspace,
  current: CurrentFrame,
  { model, precision }: { readonly model: ModelDescription; readonly precision: Precision },
): Promise<void> {
  const { entry, frame, annotation } = current;
  const stem = entry.file.name.replace(/\.[^.]*$/, '');
  const title = (entry.frameCount ?? 1) > 1 ? `${entry.file.name}, frame ${entry.frameIndex + 1}` : entry.file.name;
  const all = annotatedFrames(workspace);
  const confirmed = all.filter((one) => one.annotation.confirmed);
  switch (kind) {
    case 'png': {
      const { picturePng } = await import('./picture.js');
      return download(`${stem}-aop.png`, await picturePng(frame, annotation, title));
    }
    case 'svg': {
      const { pictureSvg } = await import('./picture.js');
      return download(`${stem}-aop.svg`, await pictureSvg(frame, annotation, title), 'image/svg+xml');
    }
    case 'slicer':
      return download(`${stem}.mrk.json`, slicerMarkups(annotation), 'application/json');
    case 'json':
      return download('sonde.json', resultsJson(all, model, precision, new Date()), 'application/json');
    case 'csv': {
      const { trainingLabels } = await import('./training-labels.js');
      return download('label.csv', trainingLabels(confirmed), 'text/csv');
    }
    case 'zip': {
      const { trainingArchive } = await import('./training-archive.js');
      const pixels = (i: number) => workspace.pixels(confirmed[i].entry.id, confirmed[i].index);
      const origin = {
        created: new Date().toISOString(),
        model: { name: model.name, sha256: model.weights[precision].sha256 },
      };
      return download('training-set.zip', await trainingArchive(confirmed, pixels, origin));
    }
  }
}
