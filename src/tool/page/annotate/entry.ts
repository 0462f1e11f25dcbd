import type { Annotation } from './annotation.js';

/** A file in the queue. Its bytes stay with the browser; pixels are decoded while the file is looked at. */
export interface Entry {
  readonly id: number;
  readonly file: File;
  /** Files added together with this one, among which a MetaImage header finds its samples. */
  readonly companions: readonly File[];
  /** Known once the file has been opened. */
  readonly frameCount: number | undefined;
  /** Index of the selected frame, from 0. */
  readonly frameIndex: number;
  /** Annotations by frame index. */
  readonly annotations: ReadonlyMap<number, Annotation>;
  /** Error messages by frame index, or under −1 for the whole file. */
  readonly problems: ReadonlyMap<number, string>;
  /** URL of the thumbnail. */
  readonly thumbnail: string | undefined;
}

/** Key of an error that concerns the whole file. */
export const WHOLE_FILE = -1;

export function newEntry(id: number, file: File, companions: readonly File[] = []): Entry {
  return {
    id,
    file,
    companions,
    frameCount: undefined,
    frameIndex: 0,
    annotations: new Map(),
    problems: new Map(),
    thumbnail: undefined,
  };
}

export function problemOf({ problems, frameIndex }: Entry): string | undefined {
  return problems.get(WHOLE_FILE) ?? problems.get(frameIndex);
}

export function annotationOf({ annotations, frameIndex }: Entry): Annotation | undefined {
  return annotations.get(frameIndex);
}

export function withAnnotation(entry: Entry, frameIndex: number, annotation: Annotation): Entry {
  return { ...entry, annotations: new Map(entry.annotations).set(frameIndex, annotation) };
}

export function withProblem(entry: Entry, frameIndex: number, problem: string | undefined): Entry {
  const problems = new Map(entry.problems);
  if (problem === undefined) problems.delete(frameIndex);
  else problems.set(frameIndex, problem);
  return { ...entry, problems };
}

/** Unique key of a frame in the queue. */
export function frameKey(entry: Entry, frameIndex = entry.frameIndex): string {
  return `${entry.id}/${frameIndex}`;
}
