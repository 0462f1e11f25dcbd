import type { Precision } from '../../model-description.js';
import type { RuntimeChoice } from '../infer/runtime.js';

const KEY = 'sonde-runtime';

/** Where the model runs, as chosen on an earlier visit. Nothing else is remembered, and nothing of a frame ever. */
export function loadChoice(precision: Precision): RuntimeChoice {
  const fallback: RuntimeChoice = { where: 'auto', precision };
  try {
    const { where, precision: kept } = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<RuntimeChoice>;
    return {
      where: where === 'page' || where === 'server' ? where : fallback.where,
      precision: kept === 'f16' || kept === 'f32' ? kept : fallback.precision,
    };
  } catch {
    return fallback;
  }
}

export function saveChoice(choice: RuntimeChoice): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(choice));
  } catch {
    // A private window: the choice holds for this visit.
  }
}
