import { FITS, type Fit } from '../../../model/index.js';
import type { Precision } from '../../model-description.js';
import type { RuntimeChoice } from '../infer/runtime.js';

const KEY = 'sonde-runtime';

/** Where the model runs, and how to fit frames that are not square. */
export interface Preferences extends RuntimeChoice {
  readonly fit: Fit;
}

/** The user's choices, kept between visits. Nothing else is stored, and nothing about frames. */
export function loadChoice(precision: Precision): Preferences {
  const fallback: Preferences = { where: 'auto', precision, fit: 'crop' };
  try {
    const { where, precision: kept, fit } = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Preferences>;
    return {
      where: where === 'page' || where === 'server' ? where : fallback.where,
      precision: kept === 'f16' || kept === 'f32' ? kept : fallback.precision,
      fit: FITS.find((known) => known === fit) ?? fallback.fit,
    };
  } catch {
    return fallback;
  }
}

export function saveChoice(choice: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
  } catch {
    // A private window: the choice holds for this visit.
  }
}
