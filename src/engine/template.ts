/**
 * The whole of kernel templating: `{{NAME}}` is replaced by `constants.NAME`, and the lines between `//#if NAME` and
 * `//#end` (with an optional `//#else`) are kept when `constants.NAME` is true (nesting is allowed). Throws on a name
 * without a value, so a kernel cannot be built half-filled.
 */
export function template(source: string, constants: Record<string, string | number | boolean>): string {
  const constantFor = (name: string): string | number | boolean => {
    const value = constants[name];
    if (value === undefined) throw new Error(`kernel template: no value for ${name}`);
    return value;
  };
  const kept: string[] = [];
  const open: boolean[] = [];
  for (const line of source.split('\n')) {
    const directive = /^\s*\/\/#(if|else|end)\b\s*(\w*)/.exec(line);
    if (directive?.[1] === 'if') open.push(Boolean(constantFor(directive[2])));
    else if (directive?.[1] === 'else') open.push(!open.pop());
    else if (directive?.[1] === 'end') open.pop();
    else if (open.every(Boolean))
      kept.push(line.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(constantFor(name))));
  }
  if (open.length > 0) throw new Error('kernel template: an //#if has no //#end');
  return kept.join('\n');
}
