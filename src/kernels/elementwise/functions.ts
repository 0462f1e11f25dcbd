import { sections } from '../../engine/wgsl/index.js';
import source from './functions.wgsl';

let known: Readonly<Record<string, string>> | undefined;

/** Those functions of functions.wgsl that a text calls, by itself or through others. */
export function functionsFor(text: string): string {
  known ??= sections(source, {});
  const added = new Set<string>();
  for (let before = -1, all = text; added.size > before; all = [text, ...added].join('\n')) {
    before = added.size;
    for (const [name, own] of Object.entries(known)) if (new RegExp(`\\b${name}\\(`).test(all)) added.add(own);
  }
  return [...added].join('\n');
}
