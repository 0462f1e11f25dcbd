import { BoundedMap } from '../bounded-map.js';
import { ShaderError } from '../errors.js';

/**
 * The language of kernel templates: WGSL with directives, each on a line of its own.
 *
 *   {{NAME}}                    the constant NAME; also a sum of products of numbers and constants, as in
 *                               {{s*LANES+l}}, and a name that is put together, as in {{COLUMN_{{e}}}}
 *   //#if NAME                  the lines that follow, where the constant NAME is true;
 *   //#else                     optionally others where it is false
 *   //#end if NAME
 *   //#unroll k COUNT           the lines that follow COUNT times (a number or a constant), with k = 0, 1, …
 *   //#end unroll k
 *   //#section NAME             lines that are not part of the text, but found by name: see `sections`
 *   //#end section NAME
 *   //#uniforms                 the struct `Uniforms` and its variable `uniforms` at binding 0: see `uniforms`
 *   //#file path                where the lines that follow come from, the first of them its first: the build
 *                               begins every .wgsl file with it
 *
 * Blocks nest. What is left out is not looked at, so a name in it needs no value. Unrolling is there because WGSL has
 * no unrolled loops, a lane of `subgroupBroadcast` must be a literal, and arrays of accumulators may end up in memory.
 */
export type Constants = Readonly<Record<string, string | number | boolean>>;

/** A line of a kernel, and where its template has it, as in "src/kernels/softmax/softmax.wgsl:12". */
export interface Line {
  readonly text: string;
  readonly place: string;
}

interface Block extends Line {
  readonly kind: 'if' | 'unroll' | 'section';
  readonly name: string;
  /** The number of repetitions of an `unroll`. */
  readonly count: string;
  readonly body: Part[];
  readonly otherwise: Part[];
}

type Part = Line | Block;

/** The lines of a template for these constants. @throws ShaderError that names file and line of a mistake */
export function expand(source: string, constants: Constants): Line[] {
  return expandParts(parsed.get(source, parse), constants);
}

/** The `//#section`s of a template by name, each as text for these constants. */
export function sections(source: string, constants: Constants): Readonly<Record<string, string>> {
  return sectioned
    .get(source, () => new BoundedMap(64))
    .get(JSON.stringify(constants), () => {
      const blocks = parsed.get(source, parse).filter(isSection);
      return Object.fromEntries(blocks.map(({ name, body }) => [name, textOf(expandParts(body, constants))]));
    });
}

const sectioned = new BoundedMap<BoundedMap<Record<string, string>>>(64);

function isSection(part: Part): part is Block {
  return 'kind' in part && part.kind === 'section';
}

export function textOf(lines: readonly Line[]): string {
  return lines.map(({ text }) => text).join('\n');
}

export function mistake(place: string, what: string): ShaderError {
  return new ShaderError(`${place}: ${what}`);
}

interface Directive {
  readonly kind: 'file' | 'if' | 'unroll' | 'section' | 'else' | 'end' | 'uniforms';
  readonly name: string;
  readonly count: string;
}

/** What a line directs; undefined for one of WGSL. */
function directiveOf(text: string, place: string): Directive | undefined {
  if (!text.includes('//#')) return undefined;
  const [, kind = '', name = '', count = '', more] = /^\s*\/\/#(\w+)(?: (\S+))?(?: (\w+))?\s*$/.exec(text) ?? [];
  const words = name === '' ? 0 : count === '' ? 1 : 2;
  const expected = { file: 1, if: 1, unroll: 2, section: 1, else: 0, end: 2, uniforms: 0 }[kind];
  const isName = kind === 'file' || /^\w*$/.test(name);
  if (words !== expected || !isName || more) {
    throw mistake(
      place,
      `"${text.trim()}" is not a directive; write //#if NAME, //#else, //#unroll NAME COUNT, //#section NAME, //#uniforms or ` +
        '//#end with what it ends, on a line of its own.',
    );
  }
  return { kind: kind as Directive['kind'], name, count };
}

/** Every dispatch that is planned asks for a kernel, and the templates are few. */
const parsed = new BoundedMap<readonly Part[]>(256);

function parse(source: string): Part[] {
  const top: Part[] = [];
  const open: { block: Block; into: Part[] }[] = [];
  let file = 'kernel';
  let number = 0;
  for (const text of source.split('\n')) {
    number++;
    const place = `${file}:${number}`;
    const innermost = open.at(-1);
    const into = innermost?.into ?? top;
    const directive = directiveOf(text, place);
    switch (directive?.kind) {
      case 'file':
        file = directive.name;
        number = 0;
        break;
      case 'if':
      case 'unroll':
      case 'section': {
        const block: Block = { ...directive, kind: directive.kind, text, place, body: [], otherwise: [] };
        into.push(block);
        open.push({ block, into: block.body });
        break;
      }
      case 'else':
        if (innermost?.block.kind !== 'if') throw mistake(place, 'an //#else is outside of every //#if.');
        if (into === innermost.block.otherwise) throw mistake(place, `//#if ${innermost.block.name} has two //#else.`);
        innermost.into = innermost.block.otherwise;
        break;
      case 'end': {
        if (!innermost) throw mistake(place, `"${text.trim()}" ends nothing.`);
        const { kind, name, place: beginning } = innermost.block;
        if (directive.name !== kind || directive.count !== name) {
          throw mistake(place, `"${text.trim()}" is found where //#end ${kind} ${name} is expected (of ${beginning}).`);
        }
        open.pop();
        break;
      }
      default:
        into.push({ text, place });
    }
  }
  const unclosed = open.at(-1)?.block;
  if (unclosed) {
    const { kind, name, text, place } = unclosed;
    throw mistake(place, `"${text.trim()}" is never closed; its end is //#end ${kind} ${name}.`);
  }
  return top;
}

function expandParts(parts: readonly Part[], constants: Constants): Line[] {
  return parts.flatMap((part) => {
    if (!('kind' in part)) return { text: fill(part, constants), place: part.place };
    const { kind, name, count, body, otherwise, place } = part;
    if (kind === 'if') return expandParts(constantOf(name, constants, place) ? body : otherwise, constants);
    if (kind === 'section') throw mistake(place, `section ${name} is not part of a kernel.`);
    const times = Number(constantOf(count, constants, place));
    return Array.from({ length: times }, (_, step) => expandParts(body, { ...constants, [name]: step })).flat();
  });
}

/** A line with its placeholders filled in, those within others first. */
function fill({ text, place }: Line, constants: Constants): string {
  if (!text.includes('{{')) return text;
  const [unknown] = /\{\{(?!\w*(\{\{\w+\}\}\w*)?\}\}|\w+([+*]\w+)*\}\}).*/.exec(text) ?? [];
  if (unknown) throw mistake(place, `"${unknown}" is neither a name nor a sum of products in {{}}.`);
  const inner = text.replace(/(?<=\{\{\w*)\{\{(\w+)\}\}(?=\w*\}\})/g, (_, name: string) => {
    return String(constantOf(name, constants, place));
  });
  return inner.replace(/\{\{([\w+*]+)\}\}/g, (_, expression: string) => evaluate(expression, constants, place));
}

/** One name, or a sum of products. */
function evaluate(expression: string, constants: Constants, place: string): string {
  if (/^\w+$/.test(expression)) return String(constantOf(expression, constants, place));
  const product = (term: string) =>
    term.split('*').reduce((value, factor) => value * Number(constantOf(factor.trim(), constants, place)), 1);
  return String(expression.split('+').reduce((total, term) => total + product(term), 0));
}

function constantOf(name: string, constants: Constants, place: string): string | number | boolean {
  const value = /^\d+$/.test(name) ? Number(name) : constants[name];
  if (value === undefined)
    throw mistake(place, `no value for ${name || 'what has no name'}; give it among the constants.`);
  return value;
}
