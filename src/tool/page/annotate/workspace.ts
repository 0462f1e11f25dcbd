import { openImage } from '../../../images/decode.js';
import { ImageError, ImageTooLargeError } from '../../../images/errors.js';
import type { Frame } from '../../../images/frame.js';
import type { ImageFile } from '../../../images/image-file.js';
import type { AnsweredFrame, Fit, FrameResult } from '../../../model/index.js';
import { isHeaderFile, isSamplesFile } from '../files/metaimage-files.js';
import type { FramePredictor } from '../infer/runtime-state.js';
import { type Annotation, annotate, confirm, isCorrected, type Where } from './annotation.js';
import { annotationOf, type Entry, frameKey, newEntry, WHOLE_FILE, withAnnotation, withProblem } from './entry.js';
import { Stopwatch } from './stopwatch.js';

/** State of the page. */
export interface WorkspaceState {
  readonly entries: readonly Entry[];
  /** Index of the current file; −1 if there is none. */
  readonly current: number;
  /** Pixels of the current frame, once decoded. */
  readonly frame: Frame | undefined;
  readonly predicting: boolean;
  /** How to fit frames that are not square. */
  readonly fit: Fit;
}

export interface WorkspaceParts {
  /** Predictor, resolved when the model is ready. */
  predictor(): Promise<FramePredictor>;
  /** Thumbnail of a frame, as a URL. */
  thumbnail(frame: Frame): string;
  readonly mostFrames: number;
  /** Milliseconds of a clock that never goes back. */
  now(): number;
}

/** Number of decoded frames and opened files to keep: the current one and its neighbours in the queue. */
const KEPT = 3;

/** The queue of files with the state of each frame; decodes and predicts frames. */
export class Workspace {
  readonly stopwatch: Stopwatch;
  state: WorkspaceState;
  private nextId = 1;
  private readonly listeners = new Set<() => void>();
  private readonly opened = new Map<number, Promise<ImageFile>>();
  private readonly decoded = new Map<string, Promise<Frame>>();
  private readonly predictions = new Map<string, Promise<void>>();
  /** File whose frames are being predicted one after the other. */
  private loop: number | undefined;

  constructor(
    private readonly parts: WorkspaceParts,
    fit: Fit = 'crop',
  ) {
    this.state = { entries: [], current: -1, frame: undefined, predicting: false, fit };
    this.stopwatch = new Stopwatch(parts.now);
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get entry(): Entry | undefined {
    return this.state.entries[this.state.current];
  }

  /**
   * Adds files at the end of the queue and looks at the first of them, unless another one is being worked on. Samples
   * of a MetaImage are no entry of their own: they belong to the header that came with them, or that waits for them in
   * the queue.
   */
  add(files: readonly File[]): void {
    const headers = files.some((file) => isHeaderFile(file.name));
    const waiting = this.state.entries.filter(
      ({ file, problems }) => isHeaderFile(file.name) && problems.has(WHOLE_FILE),
    );
    const samples = headers || waiting.length > 0 ? files.filter((file) => isSamplesFile(file.name)) : [];
    if (samples.length > 0) for (const { id } of waiting) this.complete(id, samples);
    const images = files.filter((file) => !samples.includes(file));
    if (images.length === 0) return;
    const first = this.state.entries.length;
    const added = images.map((file) => newEntry(this.nextId++, file, isHeaderFile(file.name) ? files : []));
    this.update({ entries: [...this.state.entries, ...added] });
    const idle = this.entry === undefined || annotationOf(this.entry)?.confirmed !== false;
    if (idle) this.select(first);
  }

  /** Makes a file of the queue the current one. */
  select(position: number): void {
    const { entries } = this.state;
    if (entries.length === 0) return;
    const current = Math.min(Math.max(position, 0), entries.length - 1);
    this.update({ current, frame: undefined, predicting: false });
    void this.show();
  }

  /** Selects another frame of the current file. */
  selectFrame(index: number): void {
    const { entry } = this;
    if (!entry?.frameCount) return;
    const frameIndex = Math.min(Math.max(index, 0), entry.frameCount - 1);
    if (frameIndex === entry.frameIndex) return;
    this.replace(entry.id, (one) => ({ ...one, frameIndex }));
    this.update({ frame: undefined, predicting: false });
    void this.show();
  }

  /** Changes the fit, and predicts again all frames that the user has neither confirmed nor changed. */
  setFit(fit: Fit): void {
    if (fit === this.state.fit) return;
    const isKept = (one: Annotation) => one.confirmed || isCorrected(one);
    const entries = this.state.entries.map((entry) => ({
      ...entry,
      annotations: new Map([...entry.annotations].filter(([, annotation]) => isKept(annotation))),
    }));
    this.update({ fit, entries });
    void this.show();
  }

  /** Removes a file from the queue. */
  remove(id: number): void {
    const at = this.state.entries.findIndex((entry) => entry.id === id);
    if (at < 0) return;
    const entries = this.state.entries.filter((entry) => entry.id !== id);
    this.opened.delete(id);
    const { current } = this.state;
    this.update({ entries, current: entries.length === 0 ? -1 : current });
    if (at === current || current >= entries.length) this.select(Math.min(current, entries.length - 1));
    else if (at < current) this.update({ current: current - 1 });
    if (entries.length === 0) this.update({ frame: undefined, predicting: false });
  }

  /** Changes the annotation of the current frame. */
  edit(change: (annotation: Annotation) => Annotation): void {
    const { entry } = this;
    const annotation = entry && annotationOf(entry);
    if (!entry || !annotation) return;
    this.replace(entry.id, (one) => withAnnotation(one, one.frameIndex, change(annotation)));
  }

  /** Confirms the current landmarks and selects the next unconfirmed file, if there is one. */
  accept(): void {
    const { entry } = this;
    if (!entry || !annotationOf(entry)) return;
    this.edit(confirm);
    const { entries, current } = this.state;
    const order = [...entries.keys()].slice(current + 1).concat([...entries.keys()].slice(0, current));
    const next = order.find((position) => {
      const other = entries[position];
      return !other.problems.has(WHOLE_FILE) && annotationOf(other)?.confirmed !== true;
    });
    if (next !== undefined) this.select(next);
  }

  /** Retries the operation that failed for the current frame. */
  retry(): void {
    const { entry } = this;
    if (!entry) return;
    this.forgive(entry);
    void this.show();
  }

  /** Adds files that may hold the samples of a header, and opens it again. */
  private complete(id: number, samples: readonly File[]): void {
    // A file that comes again takes the place of the one before.
    const others = (files: readonly File[]) => files.filter(({ name }) => !samples.some((file) => file.name === name));
    this.replace(id, (one) => ({ ...one, companions: [...others(one.companions), ...samples] }));
    const entry = this.find(id);
    if (!entry) return;
    this.forgive(entry);
    if (this.entry?.id === id) void this.show();
  }

  /** Clears the error of an entry's frame. */
  private forgive(entry: Entry): void {
    this.opened.delete(entry.id);
    this.decoded.delete(frameKey(entry));
    this.replace(entry.id, (one) => withProblem(withProblem(one, WHOLE_FILE, undefined), one.frameIndex, undefined));
  }

  /** The pixels of any frame of the queue. @throws ImageError where they cannot be decoded */
  async pixels(id: number, index: number): Promise<Frame> {
    const entry = this.find(id);
    if (!entry) throw new RangeError(`there is no file ${id} in the queue`);
    return this.decode(entry, await this.open(entry), index);
  }

  /** Decodes and predicts the current frame, then prepares the next file. */
  private async show(): Promise<void> {
    const { entry } = this;
    if (!entry) return;
    const key = frameKey(entry);
    this.stopwatch.attend(key);
    const frame = await this.prepare(entry.id, entry.frameIndex, (decoded) => {
      if (this.shows(key)) this.update({ frame: decoded, predicting: true });
    });
    if (!this.shows(key)) return;
    this.update({ frame, predicting: false });
    const next = this.state.entries[this.state.current + 1];
    if (next) await this.prepare(next.id, next.frameIndex, () => {});
    if (this.entry?.id === entry.id) await this.predictLoop(entry.id);
  }

  /** Predicts the remaining frames of the current file, until another file is selected. */
  private async predictLoop(id: number): Promise<void> {
    if (this.loop === id) return;
    this.loop = id;
    try {
      for (;;) {
        const { entry } = this;
        if (entry?.id !== id || entry.problems.has(WHOLE_FILE) || !entry.frameCount) return;
        const { annotations, problems } = entry;
        let index = 0;
        while (index < entry.frameCount && (annotations.has(index) || problems.has(index))) index++;
        if (index === entry.frameCount) return;
        const file = await this.open(entry);
        // Not remembered: that would push out the frame that is looked at.
        const frame = await file.decode(index).catch((error: unknown) => this.fail(id, index, error));
        if (frame) await this.predict(entry, frame, index);
      }
    } finally {
      if (this.loop === id) this.loop = undefined;
    }
  }

  private shows(key: string): boolean {
    return this.entry !== undefined && frameKey(this.entry) === key;
  }

  /** The frame, after it has been predicted; undefined if it cannot be decoded. */
  private async prepare(id: number, index: number, onDecoded: (frame: Frame) => void): Promise<Frame | undefined> {
    const entry = this.find(id);
    if (!entry || entry.problems.has(WHOLE_FILE)) return undefined;
    const file = await this.open(entry).catch((error: unknown) => this.fail(id, WHOLE_FILE, error));
    if (!file) return undefined;
    this.replace(id, (one) => ({ ...one, frameCount: file.frameCount }));
    const frame = await this.decode(entry, file, index).catch((error: unknown) => this.fail(id, index, error));
    if (!frame) return undefined;
    if (!this.find(id)?.thumbnail) {
      const thumbnail = this.parts.thumbnail(frame);
      this.replace(id, (one) => ({ ...one, thumbnail }));
    }
    onDecoded(frame);
    await this.predict(entry, frame, index);
    return frame;
  }

  private open({ id, file, companions }: Entry): Promise<ImageFile> {
    return remember(this.opened, id, async () => {
      const bytes = new Uint8Array(await file.arrayBuffer());
      const image = await openImage(bytes, file.name, (name) => companion(companions, name));
      if (image.frameCount > this.parts.mostFrames) {
        throw new ImageTooLargeError(
          `${file.name}: the file has ${image.frameCount} frames, but at most ${this.parts.mostFrames} can be opened; split it.`,
        );
      }
      return image;
    });
  }

  private decode(entry: Entry, file: ImageFile, index: number): Promise<Frame> {
    return remember(this.decoded, frameKey(entry, index), () => file.decode(index));
  }

  private predict(entry: Entry, frame: Frame, index: number): Promise<void> {
    const { id } = entry;
    if (this.find(id)?.annotations.has(index)) return Promise.resolve();
    const { fit } = this.state;
    const key = `${frameKey(entry, index)} ${fit}`;
    const known = this.predictions.get(key);
    if (known) return known;
    const source = { frame: index + 1, frameCount: this.find(id)?.frameCount ?? 1 };
    const work = (async () => {
      try {
        const { result, where } = await this.predictFrame({ ...frame, ...source }, fit);
        if (this.state.fit !== fit) return;
        this.replace(id, (one) => withAnnotation(one, index, annotate(result, where)));
        this.replace(id, (one) => withProblem(one, index, undefined));
      } catch (error) {
        this.fail(id, index, error);
      } finally {
        this.predictions.delete(key);
      }
    })();
    this.predictions.set(key, work);
    return work;
  }

  /** Prediction of a frame. A failed one is repeated if another predictor has taken over in the meantime. */
  private async predictFrame(frame: AnsweredFrame, fit: Fit): Promise<{ result: FrameResult; where: Where }> {
    for (let predictor = await this.parts.predictor(); ; ) {
      try {
        return { result: await predictor.predict(frame, fit), where: predictor.where };
      } catch (error) {
        const next = await this.parts.predictor();
        if (next === predictor) throw error;
        predictor = next;
      }
    }
  }

  private fail(id: number, index: number, error: unknown): undefined {
    const message = error instanceof Error ? error.message : String(error);
    this.replace(id, (one) => withProblem(one, index, message));
  }

  private find(id: number): Entry | undefined {
    return this.state.entries.find((entry) => entry.id === id);
  }

  private replace(id: number, change: (entry: Entry) => Entry): void {
    this.update({ entries: this.state.entries.map((entry) => (entry.id === id ? change(entry) : entry)) });
  }

  private update(part: Partial<WorkspaceState>): void {
    this.state = { ...this.state, ...part };
    for (const listener of this.listeners) listener();
  }
}

/**
 * The file with a given name among those added together. Folders may contain several, and the wrong one might be
 * accepted silently.
 */
async function companion(files: readonly File[], name: string): Promise<Uint8Array | undefined> {
  const [found, ...others] = files.filter((file) => file.name === name);
  if (others.length > 0) {
    throw new ImageError(
      `${name}: ${others.length + 1} files with this name were added together; drop each header together with its own samples.`,
    );
  }
  return found && new Uint8Array(await found.arrayBuffer());
}

/**
 * The cached value of a key, created if missing; the oldest entries are evicted, and rejected promises are not kept.
 */
function remember<K, V>(kept: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const known = kept.get(key);
  kept.delete(key);
  const value = known ?? make();
  kept.set(key, value);
  value.catch(() => {
    if (kept.get(key) === value) kept.delete(key);
  });
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return value;
}
