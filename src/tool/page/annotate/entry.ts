import type { Annotation } from './annotation.js';

/** A file in the queue. Its bytes stay with the browser; pixels are decoded while the file is looked at. */
export interface Entry {
  readonly id: number;
  readonly file: File;
  /** What came together with it, in which a MetaImage's header finds its samples. */
  readonly companions: readonly File[];
  /** Known once the file has been opened. */
  readonly frameCount: number | undefined;
  /** Which of its frames is looked at, from 0. */
  readonly frameIndex: number;
  /** By frame. */
  readonly annotations: ReadonlyMap<number, Annotation>;
  /** Why a frame cannot be shown or predicted: by frame, or under −1 for the file. */
  readonly problems: ReadonlyMap<number, string>;
  /** Address of a small picture. */
  readonly thumbnail: string | undefined;
}

/** Under which a problem of the whole file stands. */
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

/** What tells a frame from all others of the session. */
export function frameKey(entry: Entry, frameIndex = entry.frameIndex): string {
  return `${entry.id}/${frameIndex}`;
}
