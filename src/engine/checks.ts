import { type Command, newRoot, type PlannedValue, type Root } from './commands.js';
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
import { bytesOf, type DType, formatShape, sizeOf } from './shape.js';

/** What an execution leaves about each site: see scan.wgsl. */
const WORDS_PER_SITE = 4;

/** What scan.wgsl takes words for, by number. */
const KINDS: readonly DType[] = ['u32', 'f32', 'f16'];

/** A value that a node writes, which is looked at before and after. */
interface Site {
  readonly node: Node;
  readonly value: PlannedValue;
  /** As in "its result", for messages. */
  readonly name: string;
  /** Whether all of its elements are the node's to write. Not so for an update in place, and for scratch memory. */
  readonly fresh: boolean;
  readonly scratch: boolean;
}

/** Bytes behind a value that belong to its guard: only a value that fills its memory has one. */
export function guardBytesOf({ shape, dtype, root, offset }: PlannedValue, device: Device): number {
  const whole = offset === 0 && root.bytes === bindingBytes(bytesOf({ shape, dtype }));
  const guarded = root.storage ? root.storage.guarded : device.heap.guardBytes > 0;
  return whole && !root.parent && !root.constant && guarded ? device.heap.guardBytes : 0;
}

/**
 * Checked mode's part of a program. Before a node runs, its results and its scratch memory are filled with words that no kernel
 * would write, and so is what lies behind them; afterwards a scan counts what is still there, what has changed behind, and NaN
 * and Inf.
 */
export class Checks {
  /** The plan's commands with those of the checks among them. */
  readonly commands: readonly Command[];
  /** Where an execution leaves what it found. */
  readonly status: Root;
  private readonly sites: Site[] = [];
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
    const used = new Set(plan.commands.flatMap((command) => valuesOf(command).map(({ root }) => root)));
    const sitesOf = plan.nodes.map((node, position) =>
      findSites(node, plan.produced[position], byNode.get(node) ?? []).filter(({ value }) => used.has(value.root)),
    );
    this.sites.push(...sitesOf.flat());
    const words = Math.max(1, this.sites.length) * WORDS_PER_SITE;
    this.status = newRoot('checked mode status', 4 * words);
    this.statusValue = { id: -1, shape: [words], dtype: 'u32', root: this.status, offset: 0 };
    // Commands of no node are the effects, which come last.
    let site = 0;
    this.commands = [
      ...plan.nodes.flatMap((node, position) => {
        const own = sitesOf[position].map((one) => ({ ...one, index: site++, salt: device.heap.nextSalt() }));
        return [
          ...own.flatMap((one) => this.poison(one, one.salt)),
          ...(byNode.get(node) ?? []),
          ...own.map((one) => this.scan(one, one.index, one.salt)),
        ];
      }),
      ...(byNode.get(undefined) ?? []),
    ];
  }

  /**
   * @param words What an execution left in `status`.
   * @param step Which execution of the program this was, from 1.
   * @throws NumericError for the first node that left elements unwritten, wrote outside its results, or produced NaN or Inf
   */
  report(words: Uint32Array, step: number): void {
    for (const [index, { node, value, name }] of this.sites.entries()) {
      const [unwritten, fromEnd, notFinite, stray] = words.subarray(WORDS_PER_SITE * index);
      const size = sizeOf(value.shape);
      let finding: string | undefined;
      if (stray > 0) finding = `wrote outside ${name}`;
      else if (unwritten > 0) {
        finding = `left ${unwritten} of ${size} elements of ${name} unwritten, the first at ${size - fromEnd},`;
      } else if (notFinite > 0) finding = this.device.checked === 'nan' ? 'produced NaN' : 'produced NaN or Inf';
      if (!finding) continue;
      const place = node.scope ? ` (in ${node.scope})` : '';
      const shapes = node.inputs.map(
        (input) => `${input.label ? `${input.label} ` : ''}${input.shape.join('×') || 'scalar'}`,
      );
      throw new NumericError(`${node.operation.name}${place} ${finding}`, step, shapes.join(', ') || 'none');
    }
  }

  /** Fills what the node is to write, and the guard behind it. */
  private poison({ value, fresh, scratch }: Site, salt: number): Command[] {
    const body = bindingBytes(bytesOf(value)) / 4;
    const guard = guardBytesOf(value, this.device) / 4;
    const first = fresh || scratch ? 0 : body;
    const count = body + guard - first;
    if (count === 0) return [];
    const dispatch: Dispatch = {
      label: 'checked.poison',
      source: guardSource + poisonSource,
      bindings: [value],
      writes: [0],
      workgroups: linearGrid(count),
      uniforms: { u32: [first, count, salt] },
    };
    return [{ kind: 'dispatch', node: undefined, dispatch, values: [value] }];
  }

  private scan({ value, fresh, scratch }: Site, index: number, salt: number): Command {
    const body = bindingBytes(bytesOf(value)) / 4;
    const guard = guardBytesOf(value, this.device) / 4;
    const size = scratch ? 0 : sizeOf(value.shape);
    const kind = KINDS.indexOf(value.dtype);
    const allowsInfinities = this.device.checked === 'nan';
    const values = [value, this.statusValue];
    const dispatch: Dispatch = {
      label: 'checked.scan',
      source: guardSource + scanSource,
      bindings: values,
      writes: [1],
      workgroups: linearGrid(Math.max(body, guard)),
      uniforms: { u32: [size, body, guard, salt, index, kind, Number(fresh), Number(allowsInfinities)] },
    };
    return { kind: 'dispatch', node: undefined, dispatch, values };
  }
}

/** What a node writes: its scratch memory, then its results. */
function findSites(node: Node, results: readonly PlannedValue[], commands: readonly Command[]): Site[] {
  const updated = new Set(node.operation.updates?.(node.attributes).map(([output]) => output));
  const own = new Set(results.map(({ root }) => root));
  const scratch = new Set<Root>();
  for (const command of commands) {
    if (command.kind !== 'dispatch') continue;
    for (const index of command.dispatch.writes) {
      const { root } = command.values[index];
      if (!own.has(root)) scratch.add(root);
    }
  }
  return [
    ...[...scratch].map((root): Site => {
      const value: PlannedValue = { id: -1, shape: [root.bytes / 4], dtype: 'u32', root, offset: 0 };
      return { node, value, name: `its scratch memory of ${root.bytes} bytes`, fresh: false, scratch: true };
    }),
    ...results.map((value, index): Site => {
      const which = results.length > 1 ? ` ${index + 1} of ${results.length}, ${formatShape(value.shape)}` : '';
      return { node, value, name: `its result${which}`, fresh: !updated.has(index), scratch: false };
    }),
  ];
}

function valuesOf(command: Command): readonly PlannedValue[] {
  return command.kind === 'copy' ? [command.from, command.to] : command.values;
}
