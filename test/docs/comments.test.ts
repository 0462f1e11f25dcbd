import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Being rewritten.
const UNCHECKED = /^(src|test)\/train\/search\//;
const root = fileURLToPath(new URL('../..', import.meta.url));

// The formatter wraps code at 120 columns and leaves comments as they are.
test('no line of a comment is longer than 120 columns', () => {
  const files = execFileSync('git', ['ls-files', 'src', 'test', 'scripts', 'bench', 'inspect'], {
    cwd: root,
    encoding: 'utf8',
  });
  const sources = files.split('\n').filter((file) => /\.(ts|tsx|mjs|wgsl)$/.test(file) && !UNCHECKED.test(file));
  expect(sources.length).toBeGreaterThan(100);
  const long = sources.flatMap((file) => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n');
    return lines.flatMap((line, i) => (line.length > 120 && /^\s*(\/\/|\/?\*)/.test(line) ? [`${file}:${i + 1}`] : []));
  });
  expect(long).toEqual([]);
});
