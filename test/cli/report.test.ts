import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeRun } from '../report/run-fixture.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { build, run } from './command.js';

let folder: string;
beforeAll(async () => {
  await build();
  folder = await temporaryFolder();
  await writeRun(join(folder, 'run'), { error: 6, evaluated: false });
});

describe('report', () => {
  test('writes the page, says where it is and what is missing', async () => {
    const { code, output, errors } = await run('report', ['run', '--out', 'pages/run.html'], { cwd: folder });
    expect([code, output]).toEqual([0, 'pages/run.html\n']);
    expect(errors).toEqual([expect.stringMatching(/^note: run\/metrics\.json is missing: the run is trained but not/)]);
    expect(await readFile(join(folder, 'pages/run.html'), 'utf8')).toContain('<title>Report on run run</title>');
  });

  test('refuses a folder with nothing in it in one sentence', async () => {
    const { code, output, errors } = await run('report', ['.'], { cwd: folder });
    expect([code, output, errors]).toEqual([1, '', [expect.stringMatching(/^\. holds nothing to report on; give/)]]);
  });
});
