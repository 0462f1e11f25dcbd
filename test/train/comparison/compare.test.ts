import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Comparison,
  type ComparisonInput,
  compare,
  comparisonSchema,
  resolveConfig,
} from '../../../src/train/index.js';
import { sharedDevice } from '../../support/device.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { writePhantomSet } from '../loop/phantom-set.js';

const small = (model: object) =>
  resolveConfig({
    model: { base: 1, inputSize: 32, ...model },
    loss: { sigma: 1 },
    training: { epochs: 2, batchSize: 4, earlyStopPatience: null },
    augmentation: { enabled: false },
  });
const configurations = [
  { name: 'tiny-u-net', config: small({ architecture: 'u-net', depth: 1 }) },
  { name: 'tiny-dsnt', config: small({ depth: 3 }) },
];

let data: string;
let out: string;
let comparison: Comparison;

async function run(changes: Partial<ComparisonInput> = {}): Promise<Comparison> {
  const stream = new PassThrough().resume();
  return compare({ device: await sharedDevice(), data, configurations, seeds: [4, 7], out, stream, ...changes });
}

beforeAll(async () => {
  const parent = await temporaryFolder();
  data = join(parent, 'data');
  out = join(parent, 'compared');
  await writePhantomSet(data, { train: 4, validation: 2, test: 2 });
  comparison = await run();
});

const contents = (folder: string, file: string) => readFile(join(out, folder, file));

describe('compare', () => {
  it('trains every configuration with every seed and scores each run on the test split', async () => {
    const folders = (await readdir(out)).filter((name) => !name.startsWith('comparison'));
    const expected = ['tiny-dsnt', 'tiny-u-net'].flatMap((name) => [`${name}-seed-4`, `${name}-seed-7`]);
    expect(folders.sort()).toEqual(expected);
    expect(comparison.models.map(({ name, architecture, decoding }) => [name, architecture, decoding])).toEqual([
      ['tiny-u-net', 'u-net', 'argmax'],
      ['tiny-dsnt', 'dsnt-deep-unet', 'dsnt'],
    ]);
    for (const { runs } of comparison.models) {
      expect(runs.map(({ seed }) => seed)).toEqual([4, 7]);
      for (const { folder, seed, apd, aopMae, epoch } of runs) {
        const config = JSON.parse(await readFile(join(out, folder, 'config.json'), 'utf8'));
        const { test } = JSON.parse(await readFile(join(out, folder, 'metrics.json'), 'utf8'));
        expect(config.training.seed).toBe(seed);
        expect([test.apd, test.aopMae, test.epoch, test.count]).toEqual([apd, aopMae, epoch, 2]);
      }
    }
    const [first, second] = comparison.models[1].runs;
    expect(first.apd).not.toBe(second.apd);
    expect(comparison.data).toEqual({ folder: data, train: 4, validation: 2, test: 2 });
    // 32 px make 4 cells, each 128 px of a 512 frame: a point lies 0.3826 of that from its cell's middle on average.
    expect(comparison.models.map(({ quantisation }) => quantisation.toFixed(2))).toEqual(['48.97', '0.00']);
  });

  it('gives mean and standard deviation over the seeds, and what follows for the order', () => {
    for (const { apd, aopMae, perLandmark, runs } of comparison.models) {
      const [a, b] = runs.map((one) => one.apd);
      expect(apd.mean).toBeCloseTo((a + b) / 2, 9);
      expect(apd.sd).toBeCloseTo(Math.abs(a - b) / Math.SQRT2, 9);
      const { ps1, ps2, fh1 } = perLandmark;
      expect((ps1.mean + ps2.mean + fh1.mean) / 3).toBeCloseTo(apd.mean, 9);
      if (aopMae) expect(aopMae.mean).toBeCloseTo(((runs[0].aopMae ?? 0) + (runs[1].aopMae ?? 0)) / 2, 9);
    }
    const [unet, dsnt] = comparison.models.map(({ apd }) => apd.mean);
    expect(comparison.orders.find(({ score }) => score === 'apd')?.reproduced).toBe(unet > dsnt);
  });

  it('writes the same as JSON, CSV and Markdown', async () => {
    const read = (name: string) => readFile(join(out, name), 'utf8');
    expect(comparisonSchema.parse(JSON.parse(await read('comparison.json')))).toEqual(comparison);
    const rows: Record<string, string>[] = parse(await read('comparison.csv'), { columns: true });
    expect(rows.map(({ Folder, Seed }) => `${Folder} ${Seed}`)).toEqual(
      comparison.models.flatMap(({ runs }) => runs.map(({ folder, seed }) => `${folder} ${seed}`)),
    );
    expect(rows.map((row) => Number(row['APD (px)']))).toEqual(
      comparison.models.flatMap(({ runs }) => runs.map(({ apd }) => apd)),
    );
    const markdown = await read('comparison.md');
    const { apd, parameters } = comparison.models[1];
    const lines = markdown.split('\n');
    const cells = lines[3].split('|').map((cell) => cell.trim());
    const scores = `${apd.mean.toFixed(2)} ± ${apd.sd?.toFixed(2)}`;
    expect(cells.slice(1, 4)).toEqual(['DSNT-DeepUNet', parameters.toLocaleString('en-GB'), scores]);
    expect(new Set(lines.slice(0, 4).map(({ length }) => length)).size).toBe(1);
    expect(markdown).toContain(comparison.conclusion);
  });

  it('takes finished runs as they are, and trains what is missing', async () => {
    const weights = await contents('tiny-dsnt-seed-4', 'best.safetensors');
    const { mtimeMs } = await stat(join(out, 'tiny-dsnt-seed-4', 'metrics.json'));
    const more = await run({ configurations: configurations.slice(1), seeds: [4, 9] });
    expect(more.models[0].runs[0]).toEqual(comparison.models[1].runs[0]);
    expect(more.models[0].runs[1].seed).toBe(9);
    expect((await contents('tiny-dsnt-seed-4', 'best.safetensors')).equals(weights)).toBe(true);
    expect((await stat(join(out, 'tiny-dsnt-seed-4', 'metrics.json'))).mtimeMs).toBe(mtimeMs);
  });

  it('goes on with a run that was stopped, to the same scores', async () => {
    const elsewhere = join(await temporaryFolder(), 'stopped');
    const stop = new AbortController();
    const stream = new PassThrough();
    stream.on('data', (text) => {
      if (String(text).startsWith('epoch 1/')) stop.abort(new Error('enough'));
    });
    const one = { configurations: configurations.slice(1), seeds: [4], out: elsewhere };
    await expect(run({ ...one, stream, signal: stop.signal })).rejects.toThrow('enough');
    expect(await readdir(elsewhere)).toEqual(['tiny-dsnt-seed-4']);
    expect((await run(one)).models[0].runs).toEqual([comparison.models[1].runs[0]]);
  });

  it('refuses runs of other settings under the same name, and leaves them', async () => {
    const weights = await contents('tiny-dsnt-seed-4', 'best.safetensors');
    const other = resolveConfig({ ...configurations[1].config, loss: { sigma: 2 } });
    await expect(run({ configurations: [{ name: 'tiny-dsnt', config: other }], seeds: [4] })).rejects.toThrow(
      /loss\.sigma/,
    );
    expect((await contents('tiny-dsnt-seed-4', 'best.safetensors')).equals(weights)).toBe(true);
  });

  it('refuses to compare nothing, or anything twice', async () => {
    await expect(run({ configurations: [] })).rejects.toThrow(/0 configurations and 2 seeds; give at least one/);
    await expect(run({ seeds: [] })).rejects.toThrow(/2 configurations and 0 seeds/);
    await expect(run({ seeds: [1, 2, 1] })).rejects.toThrow(/The seed 1 is given twice/);
    await expect(run({ configurations: [configurations[0], configurations[0]] })).rejects.toThrow(
      /The configuration tiny-u-net is given twice/,
    );
  });
});
