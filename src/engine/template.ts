/** A line that directs the making of a kernel's text instead of being part of it. */
export type Directive =
  | { readonly kind: 'if'; readonly name: string }
  | { readonly kind: 'else' | 'end' }
  | { readonly kind: 'unroll'; readonly name: string; readonly count: string }
  | { readonly kind: 'section'; readonly name: string };

/** What a line directs; undefined for one of WGSL. @throws Error for a directive that is not the whole of its line */
export function directiveOf(line: string): Directive | undefined {
  if (!line.includes('//#')) return undefined;
  const [, kind, name, count] = /^\s*\/\/#(\w+)(?: (\w+))?(?: (\w+))?\s*$/.exec(line) ?? [];
  if ((kind === 'else' || kind === 'end') && name === undefined) return { kind };
  if ((kind === 'if' || kind === 'section') && name !== undefined && count === undefined) return { kind, name };
  if (kind === 'unroll' && name !== undefined && count !== undefined) return { kind, name, count };
  throw new Error(
    `kernel template: "${line.trim()}" is no directive; write //#if NAME, //#else, //#end, //#unroll NAME COUNT or ` +
      '//#section NAME on a line of its own.',
  );
}

/**
 * The whole of kernel templating: `{{NAME}}` is replaced by `constants.NAME`, and the lines between `//#if NAME` and
 * `//#end` (with an optional `//#else`) are kept when `constants.NAME` is true (nesting is allowed). Throws on a name
 * without a value and on a directive that is misspelt, misplaced or not alone on its line, so a kernel cannot be built
 * half-filled.
 */
export function template(source: string, constants: Record<string, string | number | boolean>): string {
  const constantFor = (name: string): string | number | boolean => {
    const value = constants[name];
    if (value === undefined) throw new Error(`kernel template: no value for ${name}`);
    return value;
  };
  const filled = (line: string): string => {
    const [unknown] = /\{\{(?!\w+\}\})[^\n]*/.exec(line) ?? [];
    if (unknown) throw new Error(`kernel template: "${unknown}" is not {{NAME}}`);
    return line.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(constantFor(name)));
  };
  const kept: string[] = [];
  const open: { keep: boolean; otherwise: boolean }[] = [];
  const innermost = (kind: string) => {
    const block = open.at(-1);
    if (!block) throw new Error(`kernel template: an //#${kind} stands outside of every //#if`);
    return block;
  };
  for (const line of source.split('\n')) {
    const directive = directiveOf(line);
    switch (directive?.kind) {
      case undefined:
        if (open.every(({ keep }) => keep)) kept.push(filled(line));
        break;
      case 'if':
        open.push({ keep: Boolean(constantFor(directive.name)), otherwise: false });
        break;
      case 'else': {
        const block = innermost('else');
        if (block.otherwise) throw new Error('kernel template: an //#if has two //#else');
        block.keep = !block.keep;
        block.otherwise = true;
        break;
      }
      case 'end':
        innermost('end');
        open.pop();
        break;
      default:
        throw new Error(`kernel template: "${line.trim()}" was left; unroll blocks and split sections first`);
    }
  }
  if (open.length > 0) throw new Error('kernel template: an //#if has no //#end');
  return kept.join('\n');
}
