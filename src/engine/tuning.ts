import { fnv1a } from './fnv1a.js';
import type { Node } from './graph.js';
import { type AdapterTraits, formatMatrixShape, type Lowering, type Value } from './operation.js';
import type { TensorSpec } from './shape.js';

/** A measurement of one operation's kernels on inputs of some shapes. */
export interface TuningEntry {
  /** Operation, shapes and attributes: what the entry is looked up by. */
  readonly key: string;
  /** The variant to run. */
  readonly chosen: string;
  /** Median time of each variant that ran and agreed with the default, milliseconds. The default comes first. */
  readonly milliseconds: Readonly<Record<string, number>>;
  /** Variants that failed, and why. */
  readonly struck: Readonly<Record<string, string>>;
  /** Identifies the kernels' sources: an entry for other sources is not used. */
  readonly sources: string;
}

/** A place that keeps choices between processes. */
export interface TuningStore {
  /** The text saved under a name, or undefined. */
  load(name: string): Promise<string | undefined>;
  save(name: string, text: string): Promise<void>;
}

/** A recorded operation, as far as kernels are chosen by it. */
type TunedNode = Pick<Node, 'operation' | 'inputs' | 'specs' | 'attributes'>;

const FORMAT = 1;

/**
 * Which variant of a kernel runs for which shapes on one adapter. Without an entry the operation's default runs, which
 * is chosen to be sensible on any adapter of its kind.
 */
export class Tuning {
  private readonly entries = new Map<string, TuningEntry>();
  private readonly confirmed = new Set<string>();
  /** Notes on what was ignored while loading, and why. */
  readonly notes: string[] = [];

  constructor(
    private readonly limits: GPUSupportedLimits,
    /** Adapter, driver and their version: choices of another are ignored. */
    readonly identity: string,
    private readonly store: TuningStore | undefined,
  ) {}

  /** Name under which the choices for this adapter are stored. */
  get storeName(): string {
    return `tuning-${hash(this.identity)}`;
  }

  /** Reads earlier choices from the store. Anything that does not belong here is ignored, with a note. */
  async load(): Promise<void> {
    const text = await this.store?.load(this.storeName);
    if (text === undefined) return;
    try {
      this.restore(text);
    } catch (error) {
      this.notes.push(`a tuning file was ignored: it is damaged (${(error as Error).message}).`);
    }
  }

  /** Writes the choices to the store. */
  async save(): Promise<void> {
    await this.store?.save(this.storeName, this.toText());
  }

  toText(): string {
    return `${JSON.stringify({ format: FORMAT, identity: this.identity, entries: [...this.entries.values()] }, null, 1)}\n`;
  }

  private restore(text: string): void {
    const { format, identity, entries } = JSON.parse(text) as {
      format: number;
      identity: string;
      entries: TuningEntry[];
    };
    if (format !== FORMAT) {
      this.notes.push(`a tuning file was ignored: its format is ${format}, this version writes ${FORMAT}.`);
    } else if (identity !== this.identity) {
      this.notes.push(`a tuning file was ignored: it was measured on ${identity}, this is ${this.identity}.`);
    } else {
      for (const entry of entries) if (typeof entry.key === 'string') this.entries.set(entry.key, entry);
    }
  }

  /**
   * @internal The variant to lower a node with; undefined for the default.
   * @param adapter What the program's kernels are chosen by: with matrix units there are others to choose from.
   */
  choiceFor(node: TunedNode, adapter: AdapterTraits): string | undefined {
    if (this.entries.size === 0 || !node.operation.variants) return undefined;
    const key = tuningKey(node, adapter);
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (!this.confirmed.has(key)) {
      if (entry.sources !== this.sourcesOf(node, adapter)) {
        this.notes.push(`a measured choice for ${node.operation.name} was ignored: its kernels have changed since.`);
        this.entries.delete(key);
        return undefined;
      }
      this.confirmed.add(key);
    }
    return entry.chosen;
  }

  /** Whether these inputs have been measured. */
  has(node: TunedNode, adapter: AdapterTraits): boolean {
    this.choiceFor(node, adapter);
    return this.entries.has(tuningKey(node, adapter));
  }

  /** Takes a measurement. */
  set(
    node: TunedNode,
    adapter: AdapterTraits,
    measured: Pick<TuningEntry, 'chosen' | 'milliseconds' | 'struck'>,
  ): void {
    const key = tuningKey(node, adapter);
    this.entries.set(key, { key, ...measured, sources: this.sourcesOf(node, adapter) });
    this.confirmed.add(key);
  }

  /**
   * Which variant runs for each operation that was measured, by its key: where these differ, results may in the last
   * bit.
   */
  choices(): Record<string, string> {
    const chosen = [...this.entries.values()].map(({ key, chosen: variant }): [string, string] => [key, variant]);
    return Object.fromEntries(chosen.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The measurements, choices and rejected variants as readable text. */
  explain(): string {
    if (this.entries.size === 0) return `Nothing has been measured on ${this.identity}; defaults run.`;
    const lines = [`Measured on ${this.identity}:`];
    for (const { key, chosen, milliseconds, struck } of this.entries.values()) {
      const times = Object.entries(milliseconds).map(
        ([name, time]) => `${name === chosen ? '>' : ' '}${name} ${time.toFixed(3)} ms`,
      );
      lines.push(`${key}\n  ${times.join('  ')}`);
      for (const [name, reason] of Object.entries(struck)) lines.push(`  ${name} struck off: ${reason}`);
    }
    return [...lines, ...this.notes].join('\n');
  }

  /** A fingerprint of the kernels of all variants, from lowering the operation without a device. */
  private sourcesOf(node: TunedNode, adapter: AdapterTraits): string {
    const texts: string[] = [];
    for (const variant of variantsOf(node, adapter)) {
      texts.push(variant);
      const lowering = this.dryLowering(variant, adapter, (source) => texts.push(source));
      let id = 0;
      const value = ({ shape, dtype }: TensorSpec): Value => ({ id: id++, shape, dtype });
      try {
        node.operation.lower(lowering, node.inputs.map(value), node.specs.map(value), node.attributes);
      } catch (error) {
        texts.push((error as Error).message);
      }
    }
    return hash(texts.join('\n'));
  }

  private dryLowering(variant: string, adapter: AdapterTraits, see: (source: string) => void): Lowering {
    return {
      limits: this.limits,
      adapter,
      variant,
      scratch: (shape, dtype = 'f32') => ({ id: -1, shape, dtype }),
      constant: (values) => ({ id: -1, shape: [values.length], dtype: 'f32' }),
      reshape: (value, shape) => ({ ...value, shape }),
      dispatch: ({ source }) => see(source),
    };
  }
}

/** The names of an operation's kernels for these inputs, the default first; empty where there is nothing to choose. */
export function variantsOf({ operation, inputs, attributes }: TunedNode, adapter: AdapterTraits): readonly string[] {
  return operation.variants?.(inputs, attributes, adapter) ?? [];
}

/**
 * The key of a measurement. Operation, input shapes and attributes, readable: "conv2d 8×64×64×256, 256×3×3×256
 * {"stride":[1,1],…}". With f16 among the inputs, the matrix units too, where the program has any.
 */
export function tuningKey({ operation, inputs, attributes }: TunedNode, { matrix }: AdapterTraits): string {
  const shapes = inputs.map(({ shape, dtype }) => `${shape.join('×')}${dtype === 'f32' ? '' : ` ${dtype}`}`);
  const units = matrix && inputs.some(({ dtype }) => dtype === 'f16') ? `${formatMatrixShape(matrix)} ` : '';
  return `${operation.name} ${shapes.join(', ')} ${units}${JSON.stringify(attributes)}`;
}

/** 64 bits as hexadecimal. */
function hash(text: string): string {
  return fnv1a(text)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}
