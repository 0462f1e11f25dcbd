// What public functions take, checked at every call: pages have no TypeScript, and an option that is ignored or a
// number that stands where a tensor belongs would be a wrong answer in silence. Each function declares its arguments
// once, as kinds.
import { ShapeError } from './errors.js';
import { describe, isList, type Kind } from './kinds.js';
import { Tensor } from './tensor.js';

/** A kind for each option, by name; `Options` keeps it and the options' type together. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: Kind };

/**
 * Declares what a function takes.
 *
 * @param name The function, as it stands in messages.
 * @param operands Its arguments before the options, in order.
 * @param options What its last argument may hold, if it takes options.
 * @returns Checks a call: to be called with the function's `arguments`.
 */
export function signature<Options = never>(
  name: string,
  operands: Readonly<Record<string, Kind>>,
  options?: OptionKinds<Options>,
): (given: ArrayLike<unknown>) => void {
  const places = Object.entries(operands);
  const most = places.length + (options ? 1 : 0);
  return (given) => {
    for (let i = 0; i < places.length; i++) checkArgument(name, places[i][0], places[i][1], given[i]);
    if (given.length > most && !passesCallback(given, most))
      throw tooMany(name, given.length, [...Object.keys(operands), ...(options ? ['options'] : [])]);
    if (options) checkOptions(name, options, given[places.length]);
  };
}

function checkArgument(name: string, argument: string, { expected, accepts }: Kind, value: unknown): void {
  if (accepts(value)) return;
  throw new ShapeError(`${name}: got ${describe(value)} for ${argument}; give ${expected}.`);
}

/**
 * Whether a call comes from `tensors.map(relu)` or `losses.reduce(add)`, which pass the place and the array as well.
 */
function passesCallback(given: ArrayLike<unknown>, takes: number): boolean {
  return given.length === takes + 2 && Number.isInteger(given[takes]) && Array.isArray(given[takes + 1]);
}

function tooMany(name: string, given: number, takes: readonly string[]): ShapeError {
  return new ShapeError(`${name}: ${given} arguments, and it takes (${takes.join(', ')}); leave out the others.`);
}

/** Picks from settings those that are options here. */
export function ownOptions<Options>(kinds: OptionKinds<Options>, settings: object): Options {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => Object.hasOwn(kinds, name))) as Options;
}

/** Throws for an option that there is not, with the nearest that there is, and for one of another kind. */
export function checkOptions<Options>(name: string, kinds: OptionKinds<Options>, given: unknown): void {
  const known = kinds as Readonly<Record<string, Kind>>;
  const options = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (given === null || typeof options !== 'object' || isList(given) || given instanceof Tensor) {
    const example = Object.keys(known).join(', ');
    throw new ShapeError(
      `${name}: its options are ${describe(given)}; give them by name, as in { ${Object.keys(known)[0]}: … } (of ${example}).`,
    );
  }
  for (const option of Object.keys(options))
    if (!Object.hasOwn(known, option)) throw unknownOption(name, option, Object.keys(known));
  for (const option of Object.keys(known)) checkArgument(name, option, known[option], options[option]);
}

function unknownOption(name: string, given: string, known: readonly string[]): ShapeError {
  const [nearest] = [...known].sort((a, b) => distance(given, a) - distance(given, b));
  return new ShapeError(
    `${name}: there is no option ${given}; did you mean ${nearest}? Its ${known.length === 1 ? 'option is' : 'options are'} ${known.join(', ')}.`,
  );
}

/** Distance between two names: 0 where one abbreviates the other, else Levenshtein's distance. */
function distance(given: string, known: string): number {
  const [a, b] = [given, known].map((word) => word.toLowerCase().replaceAll('_', ''));
  if (a.startsWith(b) || b.startsWith(a)) return Math.abs(a.length - b.length) / 100;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(next[j] + 1, row[j + 1] + 1, row[j] + (a[i] === b[j] ? 0 : 1)));
    row = next;
  }
  return row[b.length];
}
