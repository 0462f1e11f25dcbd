import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/train/config/index.js';
import { RunFolder, RunFolderError } from '../../../src/train/run-folder/index.js';

const config = resolveConfig({ model: { base: 8 } });

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'sonde-run-'));
  path = join(parent, 'runs', 'first');
});
afterEach(() => rm(parent, { recursive: true }));

describe('RunFolder.create', () => {
  it('makes the folder and keeps the complete configuration', async () => {
    await RunFolder.create(path, config);
    expect(await readdir(path)).toEqual(['config.json']);
    expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))).toEqual(config);
  });

  it('refuses a folder that is not empty and leaves it alone', async () => {
    await RunFolder.create(path, config);
    await writeFile(join(path, 'best.safetensors'), 'precious');
    await expect(RunFolder.create(path, resolveConfig({}))).rejects.toThrow(RunFolderError);
    await expect(RunFolder.create(path, resolveConfig({}))).rejects.toThrow(/2 entries, among them best\.safetensors/);
    expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8'))).toEqual(config);
  });

  it('resumes with the same settings, or more epochs', async () => {
    await RunFolder.create(path, config);
    await RunFolder.create(path, config, { resume: true });
    const longer = resolveConfig({ model: { base: 8 }, training: { epochs: 99 } });
    await RunFolder.create(path, longer, { resume: true });
    expect(JSON.parse(await readFile(join(path, 'config.json'), 'utf8')).training.epochs).toBe(99);
  });

  it('refuses to resume with other settings', async () => {
    await RunFolder.create(path, config);
    const other = resolveConfig({ model: { base: 8 }, loss: { sigma: 1 } });
    await expect(RunFolder.create(path, other, { resume: true })).rejects.toThrow(
      /config\.json is the configuration of another run: loss\.sigma is 2\.3022\d+ there and 1 here; give/,
    );
  });

  it('refuses to resume what was never started', async () => {
    await expect(RunFolder.create(path, config, { resume: true })).rejects.toThrow(/no config\.json/);
  });
});

describe('RunFolder', () => {
  it('keeps metrics as one JSON value per line', async () => {
    const run = await RunFolder.create(path, config);
    expect(await run.readMetrics()).toEqual([]);
    await run.appendMetrics({ epoch: 1, loss: 1302.5, note: 'two\nlines' });
    await run.appendMetrics({ epoch: 2, loss: 1280.25 });
    const text = await readFile(run.file('metrics.jsonl'), 'utf8');
    expect(text).toBe('{"epoch":1,"loss":1302.5,"note":"two\\nlines"}\n{"epoch":2,"loss":1280.25}\n');
    expect(await run.readMetrics()).toHaveLength(2);
  });

  it('goes on behind a line that was cut short', async () => {
    const killed = await RunFolder.create(path, config);
    await killed.appendMetrics({ epoch: 1 });
    await appendFile(killed.file('metrics.jsonl'), '{"epoch":2,"lo');
    const resumed = await RunFolder.create(path, config, { resume: true });
    await resumed.replaceMetrics(await resumed.readMetrics());
    await resumed.appendMetrics({ epoch: 2 });
    expect(await resumed.readMetrics()).toEqual([{ epoch: 1 }, { epoch: 2 }]);
  });

  it('replaces the metrics by those up to a checkpoint', async () => {
    const run = await RunFolder.create(path, config);
    for (const epoch of [1, 2, 3]) await run.appendMetrics({ epoch });
    await run.replaceMetrics([{ epoch: 1 }]);
    await run.appendMetrics({ epoch: 2 });
    expect(await run.readMetrics()).toEqual([{ epoch: 1 }, { epoch: 2 }]);
  });

  it('writes JSON, bytes and predictions by name', async () => {
    const run = await RunFolder.create(path, config);
    await run.writeJson('report/metrics.json', { apd: 14.77, aop: Number.NaN });
    await run.write('best.safetensors', Uint8Array.of(1, 2));
    const landmarks = { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } };
    await run.writePredictionsCsv([{ filename: 'a.jpg', predicted: landmarks }]);
    expect(await readFile(run.file('report/metrics.json'), 'utf8')).toBe('{\n  "apd": 14.77,\n  "aop": null\n}\n');
    expect([...(await readFile(run.file('best.safetensors')))]).toEqual([1, 2]);
    expect(await readFile(run.file('predictions.csv'), 'utf8')).toMatch(/^Filename,PS1,PS2,FH1,AoP\na\.jpg,/);
    expect((await readdir(path, { recursive: true })).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('leaves no file behind when a value cannot be written', async () => {
    const run = await RunFolder.create(path, config);
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    await expect(run.writeJson('metrics.json', circular)).rejects.toThrow();
    expect(await readdir(path)).toEqual(['config.json']);
  });
});
