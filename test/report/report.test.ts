import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateLandmarks, makeReport, type Report } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { documentOf, headings, tableOf, texts, words } from './page-content.js';
import { casesOf, ENVIRONMENT, FRAMES, writeRun } from './run-fixture.js';

let parent: string;
const at = (...path: string[]) => join(parent, ...path);

let report: Report;
let page: Document;
beforeAll(async () => {
  parent = await temporaryFolder();
  await writeRun(at('first'), { error: 6 });
  await writeRun(at('second'), { error: 9, settings: { loss: { sigma: 1.5 }, training: { seed: 7 } }, epochs: 3 });
  report = await makeReport([at('first'), at('second')]);
  page = documentOf(report);
});

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
    const rows = tableOf(page, 'Landmarks and angle of progression');
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
    const [[, ps1, ps2, fh1]] = tableOf(page, 'Distance by landmark').map((row) =>
      row.map((text) => Number.parseFloat(text)),
    );
    expect([ps2 / ps1, fh1 / ps1].map((ratio) => ratio.toFixed(2))).toEqual(['2.00', '3.00']);
    const [[, , within10]] = tableOf(page, 'Success rates');
    const expected = evaluateLandmarks(casesOf(6)).sdr.within10;
    expect(Number.parseFloat(within10)).toBeCloseTo(100 * expected, 0);
  });

  it('compares the runs on the frames they share, and says so where there are none', async () => {
    const [distance, angle] = tableOf(page, 'Paired differences');
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
    expect(tableOf(documentOf(apart), 'Paired differences')[0].slice(2)).toEqual(['0', '–', '–', '–', '–']);
    expect(apart.html).toContain('12 pairs of frames with the same name but another truth');
  });

  it('keeps the published results apart and says that they are not to be compared', () => {
    const rows = tableOf(page, 'Published results');
    expect(rows).toContainEqual(['DSNT-DeepUNet (the paper)', '14.77', '4.70', '9.06', '11.57', '23.69']);
    expect(rows).toContainEqual(['U-Net (the paper)', '21.83', '8.37', '–', '–', '–']);
    expect(tableOf(page, 'Landmarks and angle of progression')).toHaveLength(2);
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
    const [agreement] = tableOf(page, 'Agreement of predicted and true angle');
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
    expect(tableOf(page, 'Calibration')[1]).toEqual([
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
    expect(tableOf(page, 'Frames flagged')[0]).toEqual(['A first', '9.50', '3', '21.50', '4.50', '9', '7.50', '1.50']);
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

  it('sets the settings that differ side by side, to six digits, and lists the others once', () => {
    expect(tableOf(page, 'Settings that differ')).toEqual([
      ['loss.sigma', '2.30222', '1.5'],
      ['training.seed', '0', '7'],
    ]);
    const shared = texts(page, 'dl.settings dt');
    expect(shared).toContain('loss.lambda');
    expect(shared).not.toContain('loss.sigma');
    expect(texts(page, 'dl.settings dd')).toEqual(expect.arrayContaining(['plateau', '3.732135829310275']));
  });

  it('says where, when and with what the runs were made', () => {
    const [training, evaluation] = tableOf(page, 'Environment');
    const { adapter, commit, node } = ENVIRONMENT;
    expect(training.join(' ')).toContain('seed 0 2025-11-22 16:02 UTC');
    for (const part of [adapter, commit, node, 'software']) expect(evaluation.join(' ')).toContain(part);
    expect(evaluation[1]).toBe('evaluationbest, epoch 3');
  });
});
