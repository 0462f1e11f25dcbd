import { copyFile, cp, mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { parse } from 'parse5';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  evaluateLandmarks,
  makeReport,
  type Report,
  ReportError,
  resolveConfig,
  search,
  writeReport,
} from '../../../src/train/index.js';
import { scoreCases } from '../../../src/train/loop/scores.js';
import { temporaryFolder } from '../dataset/temporary.js';
import { casesOf, ENVIRONMENT, FRAMES, HOSTILE_NAME, writeRun } from './run-fixture.js';

let parent: string;
const at = (...path: string[]) => join(parent, ...path);

let report: Report;
let page: Document;
beforeAll(async () => {
  parent = await temporaryFolder();
  await writeRun(at('first'), { error: 6 });
  await writeRun(at('second'), { error: 9, settings: { loss: { sigma: 1.5 }, training: { seed: 7 } }, epochs: 3 });
  await writeRun(at('trained'), { error: 0, evaluated: false });
  report = await makeReport([at('first'), at('second')]);
  page = documentOf(report);
});

function documentOf({ html }: Report): Document {
  return parseHTML(html).document as unknown as Document;
}

const words = (element: Element | null) => element?.textContent.replace(/\s+/g, ' ').trim() ?? '';

function texts(root: { querySelectorAll(selector: string): Iterable<Element> }, selector: string): string[] {
  return [...root.querySelectorAll(selector)].map(words);
}

/** The cells of the table with this title, row by row; a value stands before its interval. */
function table(title: string, document = page): string[][] {
  const found = [...document.querySelectorAll('figure.table')].find((each) =>
    words(each.querySelector('figcaption b')).includes(title),
  );
  if (!found) throw new Error(`There is no table ${title}.`);
  return [...found.querySelectorAll('tbody tr')].map((row) => texts(row, 'th, td'));
}

const headings = (document: Document) => texts(document, 'section > h2').map((text) => text.replace(/^\d+\s/, ''));

describe('a report of evaluated runs', () => {
  it('holds every section, linked from its contents', () => {
    expect(headings(page)).toEqual([
      'Scores',
      'Paired comparison',
      'Distribution of the errors',
      'Agreement of the angle of progression',
      'Calibration of the predicted errors',
      'Best, median and worst frames',
      'Training',
      'Configuration',
      'Environment',
    ]);
    const links = [...page.querySelectorAll('nav a')].map((link) => link.getAttribute('href')?.slice(1) ?? '');
    expect(links).toEqual([...page.querySelectorAll('section > h2')].map(({ id }) => id));
    expect(report.notes).toEqual([]);
    expect(words(page.querySelector('h1'))).toBe('Report on 2 runs');
  });

  it('numbers its figures and tables one after the other', () => {
    for (const [selector, name] of [
      ['figure:not(.table) > figcaption > b', 'Figure'],
      ['figure.table > figcaption > b:first-child', 'Table'],
    ]) {
      const numbers = texts(page, selector).map((text) => new RegExp(`^${name} (\\d+)`).exec(text)?.[1]);
      expect(numbers.length).toBeGreaterThan(4);
      expect(numbers).toEqual(numbers.map((_, i) => String(i + 1)));
    }
  });

  it('gives the scores of metrics.json with their intervals', async () => {
    const rows = table('Landmarks and angle of progression');
    expect(rows.map(([name]) => name)).toEqual(['A first', 'B second']);
    for (const [i, error] of [6, 9].entries()) {
      const { apd, mse, mae, aopMae } = evaluateLandmarks(casesOf(error));
      const metrics = JSON.parse(await readFile(at(['first', 'second'][i], 'metrics.json'), 'utf8')).test;
      const { low, high } = metrics.intervals.apd;
      expect(rows[i][1]).toBe(String(FRAMES));
      expect(rows[i][2]).toBe(`${apd.toFixed(2)}${low.toFixed(2)} to ${high.toFixed(2)}`);
      expect(rows[i][4]).toMatch(new RegExp(`^${mse.toFixed(1)}`));
      expect(rows[i][5]).toMatch(new RegExp(`^${mae.toFixed(2)}`));
      expect(rows[i][6]).toMatch(new RegExp(`^${aopMae?.toFixed(2)}`));
      expect(rows[i][8]).toBe(metrics.apdOfMean.toFixed(2));
    }
    // PS2 is off twice as far as PS1, FH1 three times.
    const [[, ps1, ps2, fh1]] = table('Distance by landmark').map((row) => row.map((text) => Number.parseFloat(text)));
    expect([ps2 / ps1, fh1 / ps1].map((ratio) => ratio.toFixed(2))).toEqual(['2.00', '3.00']);
    const [[, , within10]] = table('Success rates');
    const expected = evaluateLandmarks(casesOf(6)).sdr.within10;
    expect(Number.parseFloat(within10)).toBeCloseTo(100 * expected, 0);
  });

  it('compares the runs on the frames they share, and says so where there are none', async () => {
    const [distance, angle] = table('Paired differences');
    const [first, second] = [6, 9].map((error) => evaluateLandmarks(casesOf(error)).apd);
    expect(distance.slice(0, 3)).toEqual(['A first − B second', 'APD, px', String(FRAMES)]);
    expect(distance[3]).toMatch(new RegExp(`^−${(second - first).toFixed(2)}−`));
    // The first run is better in all of 12 frames: p = 2/2¹².
    expect(distance.slice(4)).toEqual(['100.0', '< 0.001', '< 0.001']);
    expect(angle[1]).toBe('AoP, degrees');
    await cp(at('second'), at('elsewhere'), { recursive: true });
    const file = at('elsewhere', 'predictions.csv');
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('(70, 18)', '(71, 18)'));
    const apart = await makeReport([at('first'), at('elsewhere')]);
    expect(table('Paired differences', documentOf(apart))[0].slice(2)).toEqual(['0', '–', '–', '–', '–']);
    expect(apart.html).toContain('12 pairs of frames with the same name but another truth');
  });

  it('keeps the published results apart and says that they are not to be compared', () => {
    const rows = table('Published results');
    expect(rows).toContainEqual(['DSNT-DeepUNet (the paper)', '14.77', '4.70', '9.06', '11.57', '23.69']);
    expect(rows).toContainEqual(['U-Net (the paper)', '21.83', '8.37', '–', '–', '–']);
    expect(table('Landmarks and angle of progression')).toHaveLength(2);
    expect(report.html).toContain('Synthetic scores are never compared with these.');
  });

  it('draws the curves with learning rates, floor and best epoch', () => {
    const [first] = texts(page, '#training ~ figure figcaption').filter((text) => text.includes('Training of A'));
    expect(first).toContain('after each of 4 epochs');
    expect(first).toContain('The learning rate η is 0.003, then 0.0015 from epoch 3');
    expect(first).toContain('The loss cannot fall below 1255');
    expect(first).toContain('The ring marks epoch 3');
    const panels = [...page.querySelectorAll('#training ~ figure')][1];
    expect(texts(panels, '.panel > p')).toEqual([
      'Loss',
      'Loss above its floor, logarithmic',
      'APD, px',
      'AoP error, degrees',
    ]);
    expect(texts(panels, 'svg text')).toContain('irreducible floor 1255');
    expect(texts(panels, 'svg text')).toContain('η 0.0015');
    const alt = panels.querySelector('svg[role=img]')?.getAttribute('aria-label');
    expect(alt).toBe('Loss, by epoch: training from 1360 to 1280 in epoch 4, validation from 1380 to 1290 in epoch 4.');
  });

  it('draws distributions whose words agree with the success rates', () => {
    const alts = [...page.querySelectorAll('#errors ~ figure svg[role=img]')].map((svg) =>
      svg.getAttribute('aria-label'),
    );
    expect(alts).toHaveLength(8);
    const distances = casesOf(6).map((one) => evaluateLandmarks([one]).perLandmark.ps1.apd);
    const within = [5, 10, 20].map((r) => ((100 * distances.filter((d) => d <= r).length) / FRAMES).toFixed(1));
    const all = `run A ${within[0]}, ${within[1]} and ${within[2]} %`;
    expect(alts[0]).toMatch(/^Share of frames by PS1 error\. Within 5, 10 and 20 px: /);
    expect(alts[0]).toContain(all);
  });

  it('gives agreement, calibration and flags as metrics.json has them', () => {
    const [agreement] = table('Agreement of predicted and true angle');
    expect(agreement).toEqual([
      'A first',
      '12',
      '−0.75−1.50 to 0.25',
      '−4.67−6.00 to −3.00',
      '3.172.00 to 5.00',
      '0.034−0.100 to 0.200',
      '< 0.001',
      '0.9140.800 to 0.960',
    ]);
    expect(table('Calibration')[1]).toEqual([
      'A firstcalibrated on 10 validation frames',
      '0.313',
      '0.625',
      '30.0',
      '75.0',
      '0.313',
      '0.625',
      '30.0',
      '75.0',
    ]);
    expect(table('Frames flagged')[0]).toEqual(['A first', '9.50', '3', '21.50', '4.50', '9', '7.50', '1.50']);
    // One dot for each frame in each run's Bland–Altman plot.
    const plots = [...page.querySelectorAll('#agreement ~ figure svg[role=img]')];
    expect(plots.map((svg) => svg.querySelectorAll('circle').length)).toEqual([FRAMES, FRAMES]);
  });

  it('embeds the pictures, no larger than need be, and says what they show', async () => {
    const pictures = [...page.querySelectorAll('#frames ~ .kind img')];
    expect(pictures).toHaveLength(6);
    for (const picture of pictures) {
      const [, data] = /^data:image\/webp;base64,(.+)$/.exec(picture.getAttribute('src') ?? '') ?? [];
      const { width, height } = await sharp(Buffer.from(data, 'base64')).metadata();
      expect([width, height]).toEqual([480, 400]);
    }
    expect(pictures[2].getAttribute('alt')).toMatch(/^Frame frame-11\.png with .*: off by [\d.]+ px, 1\.3°\.$/);
    expect(texts(page, '#frames ~ .kind figcaption')[1]).toMatch(/^frame-5\.png.*px, no angle$/);
  });

  it('marks the settings that differ, and lists the others once', () => {
    expect(table('Settings that differ')).toEqual([
      ['loss.sigma', '2.3022166650613793', '1.5'],
      ['training.seed', '0', '7'],
    ]);
    expect([...page.querySelectorAll('tr.marked')]).toHaveLength(2);
    const shared = texts(page, 'dl.settings dt');
    expect(shared).toContain('loss.lambda');
    expect(shared).not.toContain('loss.sigma');
    expect(texts(page, 'dl.settings dd')).toContain('plateau');
  });

  it('says where, when and with what the runs were made', () => {
    const [training, evaluation] = table('Environment');
    const { adapter, commit, node } = ENVIRONMENT;
    expect(training.join(' ')).toContain('seed 0 2025-11-22 16:02 UTC');
    for (const part of [adapter, commit, node, 'software']) expect(evaluation.join(' ')).toContain(part);
    expect(evaluation[1]).toBe('evaluationbest, epoch 3');
  });
});

describe('the page', () => {
  it('parses as HTML without an error', () => {
    const errors: string[] = [];
    parse(report.html, { onParseError: ({ code, startLine }) => errors.push(`${code} in line ${startLine}`) });
    expect(errors).toEqual([]);
  });

  it('loads nothing from anywhere and runs nothing', () => {
    expect(page.querySelectorAll('script, link, iframe, object, embed, base').length).toBe(0);
    for (const element of page.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name).not.toMatch(/^on/i);
        if (/^(src|srcset|href|xlink:href|poster|data|action)$/i.test(name)) expect(value).toMatch(/^(#|data:)/);
      }
    }
    const styles = [...page.querySelectorAll('style')].map(({ textContent }) => textContent).join('');
    expect(styles.match(/url\(\s*["']?(?!data:)/g)).toBeNull();
    expect(styles).not.toContain('@import');
    expect(report.html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:\/\//);
  });

  it('shows a hostile file name as it is, and nothing of it takes effect', () => {
    expect(page.querySelectorAll('img[src=x], script').length).toBe(0);
    expect(words(page.querySelector('title'))).toBe('Report on 2 runs');
    const shown = HOSTILE_NAME.replace('\u0007', '\ufffd');
    expect(page.querySelector('#frames ~ .kind bdi')?.textContent).toBe(shown);
    expect(page.querySelector('#frames ~ .kind img')?.getAttribute('alt')).toContain(shown);
    expect(report.html).not.toContain('\u0007');
  });

  it('escapes the names of folders, also in plots and in what is missing', async () => {
    const name = '<b onclick="x()">&amp;';
    await cp(at('first'), at(name), { recursive: true });
    await rm(at(name, 'environment.json'));
    await writeFile(at(name, 'training-set.json'), '{');
    const hostile = documentOf(await makeReport([at(name)]));
    expect(words(hostile.querySelector('h1'))).toBe(`Report on run ${name}`);
    expect(words(hostile.querySelector('title'))).toBe(`Report on run ${name}`);
    expect(words(hostile.querySelector('.notes li'))).toContain(at(name, 'training-set.json'));
    expect(hostile.querySelectorAll('[onclick]').length).toBe(0);
  });

  it('is complete for those who cannot see: headers, captions, alternatives, language', () => {
    expect(page.documentElement.getAttribute('lang')).toBe('en-GB');
    for (const each of page.querySelectorAll('table')) {
      expect(words(page.getElementById(each.getAttribute('aria-labelledby') ?? ''))).toMatch(/^Table \d+\. /);
      for (const header of each.querySelectorAll('th')) expect(header.getAttribute('scope')).toMatch(/^(col|row)$/);
    }
    for (const picture of page.querySelectorAll('img')) expect(picture.getAttribute('alt')).toBeTruthy();
    for (const svg of page.querySelectorAll('svg.plot')) {
      expect(svg.getAttribute('role')).toBe('img');
      expect(svg.getAttribute('aria-label')).toMatch(/\.$/);
    }
    for (const figure of page.querySelectorAll('figure'))
      expect(words(figure.querySelector('figcaption'))).not.toBe('');
    expect(report.html).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('is written to a file, and the same again as it was made', async () => {
    const written = await writeReport([at('first')], at('out', 'report.html'));
    expect(await readFile(at('out', 'report.html'), 'utf8')).toBe(written.html);
  });
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
    expect(headings(document)).toEqual(['Comparison of configurations', 'Environment']);
    expect(table('Environment', document)[0].slice(0, 2)).toEqual(['compared', 'comparisonseeds 0, 1']);
    expect(table('Configurations', document)[1]).toEqual([
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

  it('stands beside runs, and says where it is damaged', async () => {
    await writeFile(at('compared', 'comparison.json'), JSON.stringify({ ...comparison, seeds: 'all' }));
    const { html, notes } = await makeReport([at('first'), at('compared')]);
    expect(notes).toEqual([expect.stringMatching(/comparison\.json is not as expected \(seeds: /)]);
    expect(headings(documentOf({ html, notes }))).toContain('Scores');
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
    const rows = table('Folds', document);
    expect(rows.map((row) => [row[0], row[3], row[10]])).toEqual([
      ['Fold 1', '8.00', '4.00'],
      ['Fold 2, the best', '6.00', '–'],
      ['Fold 3', '10.00', '4.00'],
      ['Mean', '8.00', '4.00'],
      ['Standard deviation', '2.00', '–'],
    ]);
    expect(texts(document, 'tr.marked th')).toEqual(['Fold 2, the best']);
    expect(table('Strata', document)[0]).toEqual(['left <b>', '20', '7.00', '–']);
    const { apd } = evaluateLandmarks(casesOf(6));
    expect(table('Strata', document)[1].slice(0, 2)).toEqual(['All', String(FRAMES)]);
    expect(table('Strata', document)[1][2]).toMatch(new RegExp(`^${apd.toFixed(2)}`));
    expect(words(document.querySelector('section > p'))).toContain('Over the folds the APD is 8.00 ± 2.00 px');
    expect(texts(document, 'section > ul li')).toEqual(results.warnings);
    // Only one fold has left its curves.
    expect(made.notes.map((note) => note.replace(/^.*(fold-\d).*$/, '$1'))).toEqual(['fold-1', 'fold-3']);
    expect(words(document.querySelector('section'))).toContain('Training of the folds');
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
    expect(headings(document)).toEqual(['Hyperparameter search']);
    const complete = summary.trials.flatMap(({ number, value }) => (value === null ? [] : [{ number, value }]));
    const [best, second] = complete.sort((a, b) => a.value - b.value);
    expect(complete).toHaveLength(11);
    expect(words(document.querySelector('section > p'))).toContain(
      `11 trials over optimizer.learningRate, loss.sigma and model.preset: 11 complete. Validation APD, px, is made small. ` +
        `The best is trial ${best.number} with ${best.value.toFixed(2)}.`,
    );
    expect(texts(document, 'figcaption b').map((text) => text.replace(/^\w+ \d+\. /, ''))).toEqual([
      'History of the search.',
      'Courses of the trials.',
      'Importance of the parameters.',
      'The objective over each parameter.',
      'The best trials.',
    ]);
    const rows = table('The best trials', document);
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

describe('what is missing or damaged costs what it holds, and one sentence', () => {
  /** The report of a copy of the first run, with `spoil` done to it. */
  async function spoilt(spoil: (folder: string) => Promise<unknown>): Promise<{ notes: string[]; document: Document }> {
    const folder = join(await temporaryFolder(), 'run');
    await cp(at('first'), folder, { recursive: true });
    await spoil(folder);
    const made = await makeReport([folder]);
    const document = documentOf(made);
    expect(texts(document, '.notes li')).toEqual(made.notes);
    return { notes: made.notes.map((note) => note.replaceAll(`${folder}/`, '')), document };
  }

  it('a run that was only trained has its curves and a note how to score it', async () => {
    const { notes, html } = await makeReport([at('trained')]);
    const document = documentOf({ notes, html });
    expect(headings(document)).toEqual(['Training', 'Configuration', 'Environment']);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /trained\/metrics\.json is missing: the run is trained and not evaluated.*npm run evaluate/,
    );
    expect(words(document.querySelector('.lead'))).toContain('trained for 4 epochs, without scores of the test split');
  });

  it.each([
    [
      'scores of another split only',
      'metrics.json',
      '{"validation":{}}',
      /^metrics\.json has scores of validation and none of test; npm run/,
      'Scores',
    ],
    [
      'scores cut short',
      'metrics.json',
      '{"test":{"apd"',
      /^metrics\.json is damaged \(.+\); what it holds is left out\.$/,
      'Scores',
    ],
    [
      'scores without what belongs there',
      'metrics.json',
      '{"test":{"count":3}}',
      /^metrics\.json, test, is not as expected \(.+\)/,
      'Scores',
    ],
    [
      'predictions that are no table',
      'predictions.csv',
      'a,b\n1,2,3\n',
      /^predictions\.csv is not a table of predictions/,
      'Distribution of the errors',
    ],
    [
      'predictions of an older version',
      'predictions.csv',
      'Filename,PS1,PS2,FH1,PS1 truth,PS2 truth,FH1 truth\na,"(1, 2)","(1, 3)","(1, 4)","(1, 2)","(1, 3)","(1, 4)"\n',
      /^predictions\.csv has no column "Scale to 512"/,
      'Distribution of the errors',
    ],
    [
      'a list of pictures that is none',
      'overlays/gallery.json',
      '[{"picture":1}]',
      /^overlays\/gallery\.json is not as expected \(0: picture: /,
      'Best, median and worst frames',
    ],
    ['a configuration cut short', 'config.json', '{"model":', /^config\.json is damaged/, 'Configuration'],
  ])('%s', async (_, file, contents, sentence, section) => {
    const { notes, document } = await spoilt((folder) => writeFile(join(folder, file), contents));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(sentence);
    expect(headings(document)).not.toContain(section);
    expect(headings(document)).toContain('Training');
  });

  it.each([
    ['metrics.jsonl', /^metrics\.jsonl is missing: there are no training curves\.$/, 'Training'],
    ['predictions.csv', /^predictions\.csv is missing: /, 'Distribution of the errors'],
    ['overlays/gallery.json', /^overlays\/gallery\.json is missing: /, 'Best, median and worst frames'],
    ['config.json', /^config\.json is missing: /, 'Configuration'],
  ])('no %s', async (file, sentence, section) => {
    const { notes, document } = await spoilt((folder) => rm(join(folder, file)));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(sentence);
    expect(headings(document)).not.toContain(section);
    expect(headings(document)).toContain('Environment');
  });

  it('a damaged line of metrics.jsonl costs its epoch; half a line at the end, of a run under way, nothing', async () => {
    const { notes, document } = await spoilt(async (folder) => {
      const file = join(folder, 'metrics.jsonl');
      const lines = (await readFile(file, 'utf8')).split('\n');
      lines[1] = '{"epoch": 2, !';
      await writeFile(file, `${lines.join('\n')}{"epoch":5,"learn`);
    });
    expect(notes).toEqual([expect.stringMatching(/^metrics\.jsonl, line 2, is damaged/)]);
    expect(texts(document, '#training ~ figure figcaption').join()).toContain('after each of 3 epochs');
  });

  it('a picture that is missing or damaged is left out, and the others stay', async () => {
    const { notes, document } = await spoilt(async (folder) => {
      await truncate(join(folder, 'overlays/best-1.png'), 50);
      await rm(join(folder, 'overlays/worst-1.png'));
    });
    expect(notes).toEqual([
      expect.stringMatching(/^overlays\/best-1\.png is damaged/),
      'overlays/worst-1.png is missing: its frame is left out.',
    ]);
    expect([...document.querySelectorAll('.gallery img')]).toHaveLength(1);
  });

  it('a list of pictures does not lead out of its folder', async () => {
    const { notes, document } = await spoilt(async (folder) => {
      await copyFile(join(folder, 'overlays/best-1.png'), join(folder, 'secret.png'));
      const file = join(folder, 'overlays/gallery.json');
      await writeFile(file, (await readFile(file, 'utf8')).replace('best-1.png', '../secret.png'));
    });
    expect(notes).toEqual(['overlays/secret.png is missing: its frame is left out.']);
    expect([...document.querySelectorAll('.gallery img')]).toHaveLength(2);
  });

  it('is refused where there is nothing to report on', async () => {
    await expect(makeReport([])).rejects.toThrow(ReportError);
    await expect(makeReport([at('nowhere')])).rejects.toThrow(/nowhere is no folder; give folders that npm run train/);
    await expect(makeReport([at('first', 'config.json')])).rejects.toThrow(ReportError);
    await expect(makeReport([parent])).rejects.toThrow(/holds nothing to report on; give folders/);
  });
});
