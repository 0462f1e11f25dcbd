import { copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { scoreCases } from '../../src/train/evaluate/scores.js';
import { evaluateLandmarks, makeReport, resolveConfig, search } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { documentOf, headings, tableOf, texts, words } from './page-content.js';
import { casesOf, ENVIRONMENT, FRAMES, writeRun } from './run-fixture.js';

let parent: string;
const at = (...path: string[]) => join(parent, ...path);

beforeAll(async () => {
  parent = await temporaryFolder();
  await writeRun(at('first'), { error: 6 });
  await writeRun(at('trained'), { error: 0, evaluated: false });
});

describe('a report of a comparison', () => {
  const score = (mean: number, sd?: number) => ({ mean, ...(sd === undefined ? {} : { sd }) });
  const model = (name: string, apds: readonly number[]) => ({
    ...{ name, architecture: 'u-net', decoding: 'argmax', parameters: 31_043_651, epochs: 3, quantisation: 3.06 },
    apd: score(apds[0], 0.25),
    perLandmark: { ps1: score(1), ps2: score(2), fh1: score(3, 0.5) },
    runs: apds.map((apd, seed) => {
      return {
        seed,
        folder: `${name}-seed-${seed}`,
        epoch: 2,
        apd,
        perLandmark: { ps1: 1, ps2: 2, fh1: 3 },
        undefinedAngles: 0,
      };
    }),
  });
  const comparison = {
    data: { folder: 'data/<phantoms>', train: 40, validation: 10, test: FRAMES },
    seeds: [0, 1],
    models: [model('one', [12.5, 13]), model('<two>', [20, 21])],
    orders: [],
    conclusion: 'The order is <reproduced>.',
    environment: ENVIRONMENT,
  };

  it('has its table, a dot for each seed and the conclusion', async () => {
    await mkdir(at('compared'));
    await writeFile(at('compared', 'comparison.json'), JSON.stringify(comparison));
    const document = documentOf(await makeReport([at('compared')]));
    expect(words(document.querySelector('h1'))).toBe('Report on comparison compared');
    // Its runs are gone, and with them the settings.
    expect(headings(document)).toEqual(['Comparison of configurations', 'Environment']);
    expect(tableOf(document, 'Environment')[0].slice(0, 2)).toEqual(['compared', 'comparisonseeds 0, 1']);
    expect(tableOf(document, 'Configurations')[1]).toEqual([
      '<two>u-net, read by argmax',
      '31,043,651',
      '20.00 ± 0.25',
      '1.00',
      '2.00',
      '3.00 ± 0.50',
      '–',
      '3.06',
    ]);
    expect([...document.querySelectorAll('svg.plot circle')]).toHaveLength(4);
    expect(words(document.querySelector('section > p'))).toContain(
      'each trained with 2 seeds on 40 frames and scored on 12',
    );
    expect(words(document.querySelector('section > p bdi'))).toBe('The order is <reproduced>.');
  });

  it('says of each score whether the order is the paper’s, and where it is not in what the comparison differs', async () => {
    const orders = [
      { score: 'apd', reproduced: false, found: ['one'], statement: 'not reproduced in APD (<one> U-Net 2 px)' },
      { score: 'aopMae', reproduced: true, found: ['one'], statement: 'reproduced in AoP (Deep-UNet 3°)' },
    ];
    await mkdir(at('unlike'));
    const differences = ['U-Net is <fed> otherwise.', 'Another.'];
    await writeFile(at('unlike', 'comparison.json'), JSON.stringify({ ...comparison, orders, differences }));
    await cp(at('trained'), at('unlike', 'one-seed-0'), { recursive: true });
    const made = await makeReport([at('unlike')]);
    const document = documentOf(made);
    const items = texts(document, 'section > ul li').map((item) => item.replaceAll('\u2060', ''));
    expect(items).toEqual([...orders.map(({ statement }) => statement), ...differences]);
    expect(words(document.querySelector('section'))).toContain('In what this comparison differs from the paper’s:');
    // One of the two configurations has left a run.
    expect(words(document.querySelector('h3:has(+ dl.settings)'))).toBe('Settings of unlike, one');
    expect(made.notes).toEqual([expect.stringContaining('<two>-seed-0')]);
  });

  it('stands beside runs, and says where it is damaged', async () => {
    await writeFile(at('compared', 'comparison.json'), JSON.stringify({ ...comparison, seeds: 'all' }));
    const { html, notes } = await makeReport([at('first'), at('compared')]);
    expect(notes).toEqual([expect.stringMatching(/comparison\.json is not as expected \(seeds: /)]);
    expect(headings(documentOf({ html }))).toContain('Scores');
  });
});

describe('a report of a cross-validation', () => {
  /** Of a fold whose APD is `apd`. */
  const scores = (apd: number, aopMae: number | null) => {
    const shares = { within5: 0.25, within10: 0.5, within20: 1, aopWithin5: 0.5, aopWithin10: 1 };
    return { ...{ apd, ps1: apd - 1, ps2: apd, fh1: apd + 1, mse: apd ** 2, mae: apd / 2, aopMae }, ...shares };
  };
  const fold = (number: number, apd: number) => {
    const counts = { trainingFrames: 20, frames: 10, epochs: 4, bestEpoch: 3 };
    return { fold: number, run: `fold-${number}`, ...counts, scores: scores(apd, number === 2 ? null : 4) };
  };
  const { adapter: _, software: __, ...environment } = ENVIRONMENT;
  const results = {
    version: 1,
    splits: { seed: 3, folds: 3, frames: 30, fingerprint: 'f', strata: 'view <side>', groups: 2 },
    warnings: ['The stratum <rare> has 1 frame.'],
    folds: [fold(1, 8), fold(2, 6), fold(3, 10)],
    mean: scores(8, 4),
    sd: scores(2, null),
    bestFold: 2,
    pooled: scoreCases(casesOf(6), { seed: 1, meanLandmarks: casesOf(6)[0].truth }),
    strata: { 'left <b>': { frames: 20, apd: 7, aopMae: null } },
    environment,
  };

  it('has each fold, their mean and standard deviation, the best fold and the strata', async () => {
    await mkdir(at('folds'));
    await writeFile(at('folds', 'splits.json'), '{}');
    await writeFile(at('folds', 'cross-validation.json'), JSON.stringify(results));
    await copyFile(at('first', 'config.json'), at('folds', 'config.json'));
    await cp(at('trained'), at('folds', 'fold-2'), { recursive: true });
    const made = await makeReport([at('folds')]);
    const document = documentOf(made);
    expect(words(document.querySelector('h1'))).toBe('Report on cross-validation folds');
    expect(headings(document)).toEqual(['Cross-validation', 'Configuration', 'Environment']);
    const rows = tableOf(document, 'Folds');
    expect(rows.map((row) => [row[0], row[3], row[10]])).toEqual([
      ['Fold 1', '8.00', '4.00'],
      ['Fold 2, the best', '6.00', '–'],
      ['Fold 3', '10.00', '4.00'],
      ['Mean', '8.00', '4.00'],
      ['Standard deviation', '2.00', '–'],
    ]);
    expect(texts(document, 'tr.marked th')).toEqual(['Fold 2, the best']);
    expect(tableOf(document, 'Strata')[0]).toEqual(['left <b>', '20', '7.00', '–']);
    const { apd } = evaluateLandmarks(casesOf(6));
    expect(tableOf(document, 'Strata')[1].slice(0, 2)).toEqual(['All', String(FRAMES)]);
    expect(tableOf(document, 'Strata')[1][2]).toMatch(new RegExp(`^${apd.toFixed(2)}`));
    expect(words(document.querySelector('section > p'))).toContain('Over the folds the APD is 8.00 ± 2.00 px');
    expect(texts(document, 'section > ul li')).toEqual(results.warnings);
    // Only one fold has left its curves.
    expect(made.notes.map((note) => note.replace(/^.*(fold-\d).*$/, '$1'))).toEqual(['fold-1', 'fold-3']);
    expect(words(document.querySelector('section'))).toContain('Training of the folds');
    const { adapter } = ENVIRONMENT;
    expect(
      tableOf(document, 'Environment').map((row) => [row[1], row[3].replace('software, on the processor', '')]),
    ).toEqual([
      ['trainingfold 2', adapter],
      ['cross-validationseed of the folds 3', '–'],
    ]);
  });

  it('has the adapters on which its folds were trained, each once', async () => {
    for (const [number, adapter, date] of [
      [1, 'Another 2.0', '2025-11-21T10:00:00.000Z'],
      [3, ENVIRONMENT.adapter, '2025-11-20T10:00:00.000Z'],
    ] as const) {
      await mkdir(at('folds', `fold-${number}`));
      const file = at('folds', `fold-${number}`, 'environment.json');
      await writeFile(file, JSON.stringify({ ...ENVIRONMENT, adapter, date }));
    }
    const document = documentOf(await makeReport([at('folds')]));
    expect(tableOf(document, 'Environment').map((row) => row.slice(1, 4))).toEqual([
      ['trainingfold 1', '2025-11-21 10:00 UTC', 'Another 2.0software, on the processor'],
      ['trainingfolds 2 and 3', '2025-11-20 10:00 UTC', `${ENVIRONMENT.adapter}software, on the processor`],
      ['cross-validationseed of the folds 3', '2025-11-22 16:02 UTC', '–'],
    ]);
    for (const number of [1, 3]) await rm(at('folds', `fold-${number}`), { recursive: true });
  });

  it('with its folds evaluated as one has the ensemble among the runs, with its members', async () => {
    const ensemble = at('folds', 'ensemble');
    await cp(at('first'), ensemble, { recursive: true });
    await rm(join(ensemble, 'metrics.jsonl'));
    await writeFile(join(ensemble, 'ensemble.json'), '{"version":1,"members":["../fold-1","../fold-2"]}');
    const metrics = JSON.parse(await readFile(join(ensemble, 'metrics.json'), 'utf8'));
    const members = [
      { run: '../fold-1', apd: 9.5, aopMae: 3 },
      { run: '<fold-2>', apd: 8.25 },
    ];
    const own = { ...metrics.test, ensemble: { members, disagreement: { ps1: 1, ps2: 2, fh1: 3 } } };
    const mirrored = { ...own, flips: ['horizontal'] };
    await writeFile(join(ensemble, 'metrics.json'), JSON.stringify({ test: own, 'test-tta': mirrored }));
    const { html, notes } = await makeReport([at('folds')]);
    const document = documentOf({ html });
    expect(notes.filter((note) => note.includes('ensemble'))).toEqual([]);
    expect(headings(document)).toEqual(expect.arrayContaining(['Cross-validation', 'Scores']));
    expect(tableOf(document, 'Landmarks and angle of progression').map(([name]) => name)).toEqual([
      'A folds, ensemble',
      'A folds, ensembleheatmaps read by dsnt, mean over views mirrored horizontally',
    ]);
    expect(tableOf(document, 'Members of ensembles').slice(0, 3)).toEqual([
      ['A folds, ensemble', 'all together', own.apd.toFixed(2), own.aopMae.toFixed(2), '1.00, 2.00, 3.00'],
      ['A folds, ensemble', '../fold-1', '9.50', '3.00', ''],
      ['A folds, ensemble', '<fold-2>', '8.25', '–', ''],
    ]);
  });

  it('that is not finished is said to be so', async () => {
    await mkdir(at('begun'));
    await writeFile(at('begun', 'splits.json'), '{}');
    const { notes } = await makeReport([at('begun')]);
    expect(notes).toEqual([
      expect.stringMatching(/cross-validation\.json is missing: the cross-validation is not finished/),
    ]);
  });
});

describe('a report of a search', () => {
  /** Validation APD of a trial: least at a learning rate of 10⁻³, and hardly dependent on σ. */
  const apdOf = (learningRate: number, sigma: number) => 5 + 4 * (Math.log10(learningRate) + 3) ** 2 + 0.01 * sigma;

  it('has the history, the importance, each parameter and the best trials', async () => {
    const space = {
      'optimizer.learningRate': { type: 'float', low: 1e-5, high: 1e-1, log: true, step: null },
      'loss.sigma': { type: 'float', low: 1, high: 3, log: false, step: null },
      'model.preset': { type: 'categorical', choices: ['stride', 'pool'] },
    } as const;
    const summary = await search({
      ...{ out: at('searched'), config: resolveConfig({}), distributions: space, objective: 'apd' },
      ...{ trials: 11, sampler: 'random', pruner: 'none', seed: 4, log: () => {} },
      run: async ({ config, epochEnded }) => {
        const apd = apdOf(config.optimizer.learningRate, 'lambda' in config.loss ? config.loss.sigma : 0);
        for (const [i, factor] of [2, 1].entries()) {
          const scores = { validationLoss: 1, validationAopMae: null };
          await epochEnded({ epoch: i + 1, validationApd: factor * apd, ...scores });
        }
      },
    });
    const document = documentOf(await makeReport([at('searched')]));
    expect(words(document.querySelector('h1'))).toBe('Report on search searched');
    expect(headings(document)).toEqual(['Hyperparameter search', 'Configuration']);
    expect(words(document.querySelector('h3:has(+ dl.settings)'))).toBe('Settings of searched, best trial');
    const complete = summary.trials.flatMap(({ number, value }) => (value === null ? [] : [{ number, value }]));
    const [best, second] = complete.sort((a, b) => a.value - b.value);
    expect(complete).toHaveLength(11);
    expect(words(document.querySelector('section > p'))).toContain(
      `11 trials over optimizer.learningRate, loss.sigma and model.preset: 11 complete. The less validation APD (px), the better. ` +
        `The best is trial ${best.number} with ${best.value.toFixed(2)}.`,
    );
    expect(texts(document, 'figcaption b').map((text) => text.replace(/^\w+ \d+\. /, ''))).toEqual([
      'History of the search.',
      'Courses of the trials.',
      'Importance of the parameters.',
      'The objective over each parameter.',
      'The best trials.',
    ]);
    const rows = tableOf(document, 'The best trials');
    expect(rows).toHaveLength(10);
    expect(rows.slice(0, 2).map((row) => row.slice(0, 2))).toEqual(
      [best, second].map(({ number, value }) => [String(number), value.toFixed(2)]),
    );
    const learningRate = Number(summary.trials[best.number].parameters['optimizer.learningRate']);
    expect(rows[0][2]).toBe(String(Number(learningRate.toPrecision(4))));
    const alts = [...document.querySelectorAll('svg.plot')].map((svg) => svg.getAttribute('aria-label') ?? '');
    expect(alts[2]).toMatch(/^Importance: optimizer\.learningRate \d+ %/);
    const [history, , , ...slices] = [...document.querySelectorAll('svg.plot')];
    expect(history.querySelectorAll('circle')).toHaveLength(11);
    // Each complete trial, and a ring around the best.
    expect(slices.map((svg) => svg.querySelectorAll('circle').length)).toEqual([12, 12, 12]);
    expect(texts(slices[2], 'text')).toEqual(expect.arrayContaining(['stride', 'pool']));
  });

  it('whose study file is damaged or another tool’s says so', async () => {
    const folder = at('other');
    await mkdir(folder);
    await writeFile(
      join(folder, 'study.journal'),
      '{"op_code": 0, "worker_id": "w", "study_name": "s", "directions": [1]}\n',
    );
    const names = await readdir(at('searched'));
    const [file] = names.filter((name) => name.startsWith('study') || name.startsWith('journal'));
    await rename(join(folder, 'study.journal'), join(folder, file));
    const { notes } = await makeReport([folder]);
    expect(notes).toEqual([expect.stringMatching(/holds no search that npm run search has begun/)]);
  });
});
