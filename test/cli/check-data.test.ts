import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataReportSchema } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { writePhantomSet } from '../train/loop/phantom-set.js';
import { build, run } from './command.js';

let parent: string;
beforeAll(async () => {
  await build();
  parent = await temporaryFolder();
  await writePhantomSet(join(parent, 'data'), { train: 3, validation: 2, test: 2 });
});
const check = (...args: string[]) => run('check-data', args, { cwd: parent });

describe('check-data', () => {
  test('exits with 0 where there is no error, unless it is strict', async () => {
    const { code, output } = await check('data');
    expect(code).toBe(0);
    expect(output).toMatch(/^data\ntrain {7}3 rows, 3 images \(3 PNG\); 96×64 pixels; AoP /);
    // Margins move the labels out of the usual range.
    expect(output).toMatch(/^warning: label-range \(\d\)$/m);
    expect(output).toMatch(/: training can start\.\n$/);
    expect((await check('data', '--strict')).code).toBe(1);
  });

  test('exits with 1 where there are errors, and prints JSON', async () => {
    await cp(join(parent, 'data'), join(parent, 'bad'), { recursive: true });
    await rm(join(parent, 'bad', 'Testing', 'phantom-05.png'));
    const { code, output } = await check('bad', '--json');
    expect(code).toBe(1);
    const report = dataReportSchema.parse(JSON.parse(output));
    expect(report.counts.error).toBe(1);
    expect(report.findings[0]).toMatchObject({ kind: 'image-missing', image: 'phantom-05.png', row: 2 });
  });

  test('names the folder that is not there', async () => {
    const { code, output, errors } = await check('nowhere');
    expect([code, output]).toEqual([1, '']);
    expect(errors).toEqual(['nowhere: there is no such folder; give the folder of a data set.']);
  });
});
