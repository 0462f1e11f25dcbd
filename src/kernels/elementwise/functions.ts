import { sections } from '../../engine/wgsl/index.js';
import source from './functions.wgsl';

let known: Readonly<Record<string, string>> | undefined;

/** Those functions of functions.wgsl that statements call, by themselves or through others, each as text. */
export function functionsFor(body: string): readonly string[] {
  known ??= sections(source, {});
  const added = new Set<string>();
  for (let before = -1; added.size > before; ) {
    before = added.size;
    const all = [body, ...added].join('\n');
    for (const [name, own] of Object.entries(known)) if (new RegExp(`\\b${name}\\(`).test(all)) added.add(own);
  }
  return [...added];
}
