import type { Tensor } from '../../engine/index.js';
import { add } from './elementwise.js';

/** The sum of the terms that there are, in order; undefined if there are none. */
export function total(terms: readonly (Tensor | undefined)[]): Tensor | undefined {
  return terms.reduce((sum, term) => (sum && term ? add(sum, term) : (sum ?? term)), undefined);
}
