import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFolderError, readMetricsFile } from '../../../src/train/run-folder/index.js';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'sonde-metrics-'));
});
afterEach(() => rm(run, { recursive: true }));

describe('readMetricsFile', () => {
  it('finds nothing where nothing was evaluated', async () => {
    expect(await readMetricsFile(run)).toBeUndefined();
    await writeFile(join(run, 'metrics.json'), '{}');
    expect(await readMetricsFile(run)).toEqual({});
  });

  it.each([
    ['{"test": {"count": ', /metrics\.json cannot be read \(.*JSON.*\); move it away and evaluate the run again\.$/],
    ['{"test": {"count": 3}}', /metrics\.json cannot be read \(test\.mse: .*\); move it away and evaluate the run/],
  ])('refuses %s', async (text, message) => {
    await writeFile(join(run, 'metrics.json'), text);
    const error: unknown = await readMetricsFile(run).catch((reason) => reason);
    expect(error).toBeInstanceOf(RunFolderError);
    expect((error as Error).message).toMatch(message);
  });
});
