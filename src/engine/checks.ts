import { accesses, type Command, newPlannedBuffer, type PlannedBuffer, type PlannedValue } from './commands.js';
import type { Device } from './device.js';
import { NumericError } from './errors.js';
import type { Node } from './graph.js';
import { linearGrid } from './grid.js';
import guardSource from './guard.wgsl';
import { bindingBytes } from './memory-heap.js';
import type { Dispatch } from './operation.js';
import type { Plan } from './plan.js';
import poisonSource from './poison.wgsl';
import scanSource from './scan.wgsl';
import { bytesOf, type DType, sizeOf } from './shape.js';
import { kernel, uniforms } from './wgsl/index.js';

const poisonUniforms = uniforms({ first: 'u32', count: 'u32', salt: 'u32' });

const scanUniforms = uniforms({
  /** Elements. */
  size: 'u32',
  guard_start: 'u32',
  guard_words: 'u32',
  salt: 'u32',
  site: 'u32',
  /** 0: bits, 1: f32, 2: f16. */
  kind: 'u32',
  /** 0 or 1; `infinities` is 1 where they are allowed. */
  poisoned: 'u32',
  infinities: 'u32',
});

/** Words that an execution writes about each site: see scan.wgsl. */
const WORDS_PER_SITE = 4;

/** Types of words in scan.wgsl, by number; others are bits, 0. */
const KINDS: readonly (DType | undefined)[] = [undefined, 'f32', 'f16'];

/** A value that a node writes, which is looked at before and after. */
interface Site {
  readonly node: Node;
  readonly value: PlannedValue;
  /** Every element of a result is the node's to write. Not so in an update in place, and in scratch memory. */
  readonly role: 'result' | 'update' | 'scratch';
  /** A name for messages, such as "its result". */
  readonly name: string;
  /** The salt of the words that it is filled with. */
  readonly salt: number;
}

/** Bytes behind a value that belong to its guard: only a value that fills its memory has one. */
export function guardBytesOf({ shape, dtype, buffer, offset }: PlannedValue, device: Device): number {
  const whole = offset === 0 && buffer.bytes === bindingBytes(bytesOf({ shape, dtype }));
  const guarded = buffer.storage ? buffer.storage.guarded : device.heap.guardBytes > 0;
  return whole && !buffer.parent && !buffer.constant && guarded ? device.heap.guardBytes : 0;
}

/**
 * Checked mode's part of a program. Before a node runs, its results and its scratch memory are filled with words that
 * no kernel would write, and so is what lies behind them; afterwards a scan counts what is still there, what has
 * changed behind, and NaN and Inf.
 */
export class Checks {
  /** The plan's commands with those of the checks among them. */
  readonly commands: readonly Command[];
  /** The buffer in which an execution leaves its findings. */
  readonly status: PlannedBuffer;
  private readonly sites: readonly Site[];
  private readonly statusValue: PlannedValue;

  constructor(
    private readonly device: Device,
    plan: Plan,
  ) {
    const byNode = new Map<Node | undefined, Command[]>();
    for (const command of plan.commands) {
      const known = byNode.get(command.node);
      if (known) known.push(command);
      else byNode.set(command.node, [command]);
    }
    const touched = plan.commands.flatMap((command) => accesses(command).map(({ value }) => value));
    const used = new Set([...touched, ...plan.outputs].map(({ buffer }) => buffer));
    const sitesOf = plan.nodes.map((node, position) =>
      this.findSites(node, plan.produced[position], byNode.get(node) ?? []).filter(({ value }) =>
        used.has(value.buffer),
      ),
    );
    this.sites = sitesOf.flat();
    const words = WORDS_PER_SITE * Math.max(1, this.sites.length);
    this.status = newPlannedBuffer('checked mode status', 4 * words);
    this.statusValue = { id: -1, shape: [words], dtype: 'u32', buffer: this.status, offset: 0 };
    const index = new Map(this.sites.map((site, i) => [site, i]));
    this.commands = [
      ...plan.nodes.flatMap((node, position) => [
        ...sitesOf[position].flatMap((site) => this.poison(site)),
        ...(byNode.get(node) ?? []),
        ...sitesOf[position].map((site) => this.scan(site, index.get(site) ?? 0)),
      ]),
      // What belongs to no node comes last: results are set aside, and effects take place.
      ...(byNode.get(undefined) ?? []),
    ];
  }

  /**
   * @param words What an execution left in `status`.
   * @param step Which execution of the program this was, from 1.
   * @throws NumericError for the first node that left elements unwritten, wrote outside its results, or produced NaN or
   *   Inf
   */
  report(words: Uint32Array, step: number): void {
    for (const [index, site] of this.sites.entries()) {
      const finding = this.findingAt(site, words.subarray(WORDS_PER_SITE * index, WORDS_PER_SITE * (index + 1)));
      if (!finding) continue;
      const { operation, scope, inputs } = site.node;
      const shapes = inputs.map(({ label, shape }) => `${label ? `${label} ` : ''}${shape.join('×') || 'scalar'}`);
      const place = scope ? ` (in ${scope})` : '';
      throw new NumericError(`${operation.name}${place} ${finding}`, step, shapes.join(', ') || 'none');
    }
  }

  private findingAt({ value, name }: Site, [unwritten, fromEnd, notFinite, stray]: Uint32Array): string | undefined {
    if (stray > 0) return `wrote outside ${name}`;
    if (unwritten > 0) {
      const size = sizeOf(value.shape);
      return `left ${unwritten} of ${size} elements of ${name} unwritten (the first at ${size - fromEnd})`;
    }
    if (notFinite === 0) return undefined;
    return this.device.checked === 'nan' ? 'produced NaN' : 'produced NaN or Inf';
  }

  /** Fills what the node is to write, and the guard behind it. */
  private poison({ value, role, salt }: Site): Command[] {
    const body = bindingBytes(bytesOf(value)) / 4;
    const guard = guardBytesOf(value, this.device) / 4;
    const first = role === 'update' ? body : 0;
    const count = body + guard - first;
    if (count === 0) return [];
    const dispatch: Dispatch = {
      label: 'checked.poison',
      ...kernel(guardSource + poisonSource, { uniforms: poisonUniforms({ first, count, salt }) }),
      bindings: [value],
      writes: [0],
      workgroups: linearGrid(count),
    };
    return [{ kind: 'dispatch', node: undefined, dispatch, values: [value] }];
  }

  private scan({ value, role, salt }: Site, index: number): Command {
    const body = bindingBytes(bytesOf(value)) / 4;
    const guard = guardBytesOf(value, this.device) / 4;
    const size = role === 'scratch' ? 0 : sizeOf(value.shape);
    const kind = Math.max(0, KINDS.indexOf(value.dtype));
    const [poisoned, infinities] = [role === 'result', this.device.checked === 'nan'].map(Number);
    const values = [value, this.statusValue];
    const dispatch: Dispatch = {
      label: 'checked.scan',
      ...kernel(guardSource + scanSource, {
        uniforms: scanUniforms({
          size,
          guard_start: body,
          guard_words: guard,
          salt,
          site: index,
          kind,
          poisoned,
          infinities,
        }),
      }),
      bindings: values,
      writes: [1],
      workgroups: linearGrid(Math.max(body, guard)),
    };
    return { kind: 'dispatch', node: undefined, dispatch, values };
  }

  /** The memory that a node writes: its scratch memory, then its results. */
  private findSites(node: Node, results: readonly PlannedValue[], commands: readonly Command[]): Site[] {
    const updated = new Set(node.operation.updates?.(node.attributes).map(([output]) => output));
    const own = new Set(results.map(({ buffer }) => buffer));
    const scratch = new Set<PlannedBuffer>();
    for (const command of commands) {
      for (const { value, writes } of accesses(command))
        if (writes && !own.has(value.buffer)) scratch.add(value.buffer);
    }
    const site = (role: Site['role'], value: PlannedValue, name: string): Site => {
      return { node, value, role, name, salt: this.device.heap.nextSalt() };
    };
    return [
      ...[...scratch].map((buffer) => {
        const value: PlannedValue = { id: -1, shape: [buffer.bytes / 4], dtype: 'u32', buffer, offset: 0 };
        return site('scratch', value, `its scratch memory of ${buffer.bytes} bytes`);
      }),
      ...results.map((value, i) =>
        site(
          updated.has(i) ? 'update' : 'result',
          value,
          `its result${results.length > 1 ? ` ${i + 1} of ${results.length}` : ''}`,
        ),
      ),
    ];
  }
}
