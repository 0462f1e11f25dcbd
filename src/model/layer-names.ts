import { SondeError } from '../engine/errors.js';
import type { NamedTensor } from './module.js';

/** A pattern that names no layer of a network. */
export class LayerNameError extends SondeError {
  override name = 'LayerNameError';
}

/**
 * The tensors that a pattern names: a layer with everything in it (`enc1`, `dec4.bn2`), a single tensor
 * (`head.bias`), or with `*` for any characters several of them (`enc*`, `*.bn1`).
 *
 * @param setting What the pattern was given as, for messages.
 * @returns Full names.
 * @throws LayerNameError where the network has none, with the names of its layers
 */
export function tensorsNamed(pattern: string, named: readonly NamedTensor[], setting: string): string[] {
  const literal = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const matches = new RegExp(`^${literal.join('.*')}(?:\\..*)?$`);
  const found = named.flatMap(({ name }) => (matches.test(name) ? [name] : []));
  if (found.length > 0) return found;
  throw new LayerNameError(
    `${setting}: "${pattern}" names no layer of the network; its layers are ${layersOf(named.map(({ name }) => name)).join(', ')}.`,
  );
}

/** The outermost layers that tensors belong to, in their order: `enc1` of `enc1.conv1.weight`. */
export function layersOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.split('.')[0]))];
}
