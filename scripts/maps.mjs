// Keeps the documents that point into the sources right: links, paths, and references to lines. A reference to a line
// is a link such as [conv2d.ts:51](src/kernels/conv2d/conv2d.ts#L51) behind the name, in code font, that the line
// contains. `npm run maps` moves references to where their names are now; test/docs/maps.test.ts fails where one is
// wrong.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const LINE_REFERENCE = /\[([^\]]*?):(\d+)\]\(([^)#\s]+)#L(\d+)\)/g;
const LINK = /\]\(([^)\s]+)\)/g;
const CODE = /`([^`]+)`/g;
/** Code that is a path, from the root of the repository or from the document, without placeholders. */
const PATH = /^(?:src|test|docs|configs|scripts|tools|examples|bench|\.ci|\.github)\/[\w./-]*$/;
/** What a run or a build makes, and is named in documents too. */
const MADE = [
  'bench/results',
  'docs/reference/html',
  'test/deno',
  'test/onnxruntime',
  'configs/a.json',
  'configs/b.json',
];
const FOLDERS = ['.', 'docs', 'configs', 'examples', 'src', 'tools'];

/** The documents that are checked, by path from `root`. */
export function documents(root) {
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: folder !== '.', encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return found.filter(
    (path) => path.endsWith('.md') && !path.includes('node_modules') && !path.startsWith('docs/reference'),
  );
}

/** The references to lines in one line of a document: the name in code font before each, and where it is said to be. */
export function lineReferences(text) {
  return [...text.matchAll(LINE_REFERENCE)].map((match) => {
    const [whole, label, shown, target, line] = match;
    const name = [...text.slice(0, match.index).matchAll(CODE)].at(-1)?.[1];
    return { whole, label, name, target, line: Number(line), shown: Number(shown) };
  });
}

function contains(line, name) {
  const word = name.replace(/^\.|\(.*$/g, '').replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w$])${word}(?![\\w$])`).test(line ?? '');
}

/** Matches a line that declares a name: a function, a class, a constant, a type, a member, or a function of WGSL. */
function declarationOf(name) {
  const word = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const modifiers = '(?:export |default |abstract |async |private |static |readonly |get )*';
  const keywords = '(?:function\\*? |class |const |let |interface |type |fn )';
  return new RegExp(`^\\s*${modifiers}(?:${keywords}#?${word}\\b|#?${word}(?:[:?]| =|[(<].*\\).*\\{$|\\($))`);
}

/** The line that declares a name, or else the one nearest to `near` that contains it; undefined if none does. */
export function findLine(source, name, near) {
  const lines = source.split('\n');
  const found = lines.flatMap((line, i) => (contains(line, name) ? [i + 1] : []));
  const declares = declarationOf(name);
  const declared = found.filter((line) => declares.test(lines[line - 1]));
  const nearest = (among) => [...among].sort((a, b) => Math.abs(a - near) - Math.abs(b - near))[0];
  return nearest(declared) ?? nearest(found);
}

function anchors(text) {
  const headings = text.split('\n').filter((line) => /^#+ /.test(line));
  return headings.map((line) =>
    line
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What is wrong in a document, one sentence each. */
export function faultsOf(root, path) {
  const text = readFileSync(join(root, path), 'utf8');
  const faults = [];
  let fenced = false;
  for (const [i, line] of text.split('\n').entries()) {
    if (line.startsWith('```')) fenced = !fenced;
    if (fenced) continue;
    const at = `${path}:${i + 1}`;
    for (const { name, target, line: number, shown } of lineReferences(line)) {
      const file = join(root, dirname(path), target);
      if (name === undefined)
        faults.push(`${at}: the reference to ${target}:${number} has no name in code font before it.`);
      else if (shown !== number)
        faults.push(`${at}: the reference to ${target} shows line ${shown} and links to ${number}.`);
      else if (existsSync(file) && !contains(readFileSync(file, 'utf8').split('\n')[number - 1], name))
        faults.push(`${at}: ${target}:${number} does not contain ${name}; run npm run maps.`);
    }
    for (const [, link] of line.matchAll(LINK))
      faults.push(...linkFaults(root, path, link).map((fault) => `${at}: ${fault}`));
    for (const [, code] of line.matchAll(CODE)) {
      if (!PATH.test(code) || MADE.some((made) => code.startsWith(made))) continue;
      if (![root, join(root, dirname(path))].some((from) => existsSync(join(from, code))))
        faults.push(`${at}: there is no ${code}.`);
    }
  }
  return faults;
}

function linkFaults(root, path, link) {
  if (/^[a-z]+:/.test(link)) return [];
  const [target, anchor] = link.split('#');
  const file = target === '' ? path : normalize(join(dirname(path), decodeURI(target)));
  if (MADE.some((made) => file.startsWith(made))) return [];
  if (!existsSync(join(root, file))) return [`there is no ${file}.`];
  if (anchor === undefined || /^L\d+$/.test(anchor) || statSync(join(root, file)).isDirectory()) return [];
  return anchors(readFileSync(join(root, file), 'utf8')).includes(anchor) ? [] : [`${file} has no heading #${anchor}.`];
}

/** The file that declares a name, if it is the only one under src, or the only one in the folder of the old file. */
function declaringFile(root, name, old) {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(?:tsx?|wgsl)$/.test(file),
  );
  const declares = declarationOf(name);
  const found = sources.filter((file) =>
    readFileSync(join(root, 'src', file), 'utf8')
      .split('\n')
      .some((line) => declares.test(line)),
  );
  const beside = found.filter((file) => dirname(join('src', file)) === dirname(old));
  const [file, ...others] = found.length > 1 ? beside : found;
  return file === undefined || others.length > 0 ? undefined : join('src', file);
}

/** The text of a document with its references moved to the files and lines where their names are. */
export function withCurrentLines(root, path) {
  const text = readFileSync(join(root, path), 'utf8');
  return text
    .split('\n')
    .map((line) => {
      let moved = line;
      for (const { whole, label, name, target, line: number } of lineReferences(line)) {
        if (name === undefined) continue;
        const old = join(dirname(path), target);
        const file = existsSync(join(root, old)) ? old : declaringFile(root, name, old);
        if (file === undefined) continue;
        const source = readFileSync(join(root, file), 'utf8');
        const current = contains(source.split('\n')[number - 1], name) ? number : findLine(source, name, number);
        if (current === undefined) continue;
        const shown = file === old ? label : file;
        moved = moved.replace(whole, `[${shown}:${current}](${relative(dirname(path), file)}#L${current})`);
      }
      return moved;
    })
    .join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const path of documents(root)) {
    writeFileSync(join(root, path), withCurrentLines(root, path));
    for (const fault of faultsOf(root, path)) {
      console.error(fault);
      process.exitCode = 1;
    }
  }
}
