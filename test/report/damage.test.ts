import { copyFile, cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeReport, ReportError } from '../../src/train/index.js';
import { temporaryFolder } from '../train/dataset/temporary.js';
import { documentOf, headings, texts, words } from './page-content.js';
import { writeRun } from './run-fixture.js';

let parent: string;
const at = (...path: string[]) => join(parent, ...path);

beforeAll(async () => {
  parent = await temporaryFolder();
  await writeRun(at('first'), { error: 6 });
  await writeRun(at('trained'), { error: 0, evaluated: false });
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
    const document = documentOf({ html });
    expect(headings(document)).toEqual(['Training', 'Configuration', 'Environment']);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /trained\/metrics\.json is missing: the run is trained but not evaluated.*npm run evaluate/,
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
    await expect(makeReport([at('nowhere')])).rejects.toThrow(
      /nowhere is not a folder; give folders that npm run train/,
    );
    await expect(makeReport([at('first', 'config.json')])).rejects.toThrow(ReportError);
    await expect(makeReport([parent])).rejects.toThrow(/holds nothing to report on; give folders/);
  });
});
