import { beforeEach, describe, expect, test } from 'vitest';
import type { AnsweredFrame, Fit, FrameResult } from '../../../src/model/index.js';
import { decisionOf, moveLandmark } from '../../../src/tool/page/annotate/annotation.js';
import { annotationOf, problemOf } from '../../../src/tool/page/annotate/entry.js';
import { Workspace } from '../../../src/tool/page/annotate/workspace.js';
import type { FramePredictor } from '../../../src/tool/page/infer/runtime-state.js';
import { encodeGreyPng } from '../../../src/train/index.js';
import { imageElements, writeDicom } from '../../images/dicom-writer.js';
import { eventually } from '../../support/eventually.js';
import { resultWith } from '../../support/frame-result.js';

/** Finds the landmarks where the first grey says, so that frames can be told apart. */
const resultOf = ({ pixels, frame, frameCount }: AnsweredFrame, fit: Fit): FrameResult =>
  resultWith(
    { ps1: { x: pixels[0] * 255, y: 0 }, ps2: { x: 1, y: 1 }, fh1: { x: 0, y: 1 } },
    { width: 2, height: 2, frame, frameCount, fit },
  );
let predicted: number[];
let predictor: FramePredictor;
let workspace: Workspace;
beforeEach(() => {
  predicted = [];
  predictor = {
    where: 'page',
    on: 'a test',
    software: false,
    close: () => {},
    predict: async (frame, fit) => {
      predicted.push(Math.round(frame.pixels[0] * 255));
      return resultOf(frame, fit);
    },
  };
  workspace = new Workspace({
    predictor: async () => predictor,
    thumbnail: () => 'data:,',
    mostFrames: 50,
    now: () => 0,
  });
});

const png = async (shade: number, name = `${shade}.png`) =>
  new File([Buffer.from(await encodeGreyPng({ width: 2, height: 2, pixels: new Uint8Array(4).fill(shade) }))], name);
const stack = (shades: readonly number[], announced = shades.length) => {
  const pixels = Uint8Array.from(shades.flatMap((shade) => [shade, shade, shade, shade]));
  const elements = imageElements(2, 2, 'MONOCHROME2', pixels, [[0x00280008, 'IS', String(announced)]]);
  return new File([Buffer.from(writeDicom({ elements }))], 'stack.dcm');
};
const settled = () => eventually(() => expect(workspace.state.predicting === false && current()).toBeTruthy());
const current = () => workspace.entry && annotationOf(workspace.entry);
const decisions = () =>
  workspace.state.entries.map((entry) =>
    entry.annotations.get(0) ? decisionOf(entry.annotations.get(0) as never) : '-',
  );

describe('Workspace', () => {
  test('predicts the file that is looked at, then prepares the next one and no more', async () => {
    workspace.add(await Promise.all([10, 20, 30].map((shade) => png(shade))));
    await settled();
    await eventually(() => expect(predicted).toEqual([10, 20]));
    expect(workspace.state.frame?.width).toBe(2);
    expect(current()?.prediction.landmarks.ps1.x).toBeCloseTo(10, 4);
    workspace.select(1);
    await settled();
    await eventually(() => expect(predicted).toEqual([10, 20, 30]));
    workspace.select(0);
    await settled();
    expect(predicted).toHaveLength(3);
  });

  test('has a frame predicted again where another predictor took over while it failed, and only there', async () => {
    const server: FramePredictor = { ...predictor, where: 'server' };
    predictor = {
      ...predictor,
      predict: async () => {
        predictor = server;
        throw new Error('the device was lost');
      },
    };
    workspace.add([await png(10)]);
    await settled();
    expect(current()?.where).toBe('server');
    expect(predicted).toEqual([10]);
    predictor = { ...predictor, predict: () => Promise.reject(new Error('out of order')) };
    workspace.add([await png(20)]);
    workspace.select(1);
    await eventually(() => expect(workspace.entry && problemOf(workspace.entry)).toBe('out of order'));
  });

  describe('with a MetaImage in two files', () => {
    const header = (name: string, samples: string) =>
      new File([`ObjectType = Image\nDimSize = 2 2\nElementType = MET_UCHAR\nElementDataFile = ${samples}\n`], name);
    const samples = (shade: number, name: string) => new File([new Uint8Array(4).fill(shade)], name);
    const names = () => workspace.state.entries.map(({ file }) => file.name);

    test('takes header and samples that come together for one image', async () => {
      workspace.add([header('a.mhd', 'a.raw'), samples(40, 'a.raw'), await png(10)]);
      await settled();
      expect(names()).toEqual(['a.mhd', '10.png']);
      await eventually(() => expect(predicted).toEqual([40, 10]));
    });

    test('says what is missing, and goes on when it comes', async () => {
      workspace.add([header('a.mhd', 'a.zraw')]);
      await eventually(() =>
        expect(workspace.entry && problemOf(workspace.entry)).toMatch(/a\.zraw, which was not given/),
      );
      workspace.add([samples(50, 'b.raw')]);
      await eventually(() =>
        expect(workspace.entry && problemOf(workspace.entry)).toMatch(/a\.zraw, which was not given/),
      );
      workspace.add([samples(60, 'a.zraw')]);
      await settled();
      expect(names()).toEqual(['a.mhd']);
      expect(predicted).toEqual([60]);
    });

    test('does not choose between samples of the same name', async () => {
      workspace.add([header('a.mhd', 'a.raw'), samples(40, 'a.raw'), samples(50, 'a.raw')]);
      await eventually(() => expect(workspace.entry && problemOf(workspace.entry)).toMatch(/2 files with this name/));
      expect(predicted).toEqual([]);
    });

    test('takes samples without any header for what they are', async () => {
      workspace.add([samples(40, 'a.raw')]);
      await eventually(() =>
        expect(workspace.entry && problemOf(workspace.entry)).toMatch(/is not PNG, JPEG, DICOM or/),
      );
    });
  });

  test('accepts and goes on to the next that is open, round the end', async () => {
    workspace.add(await Promise.all([10, 20, 30].map((shade) => png(shade))));
    workspace.select(1);
    await settled();
    workspace.accept();
    expect(workspace.state.current).toBe(2);
    await settled();
    workspace.edit((one) => moveLandmark(one, 'ps1', { x: 1, y: 0 }, 'new'));
    workspace.accept();
    expect(workspace.state.current).toBe(0);
    await settled();
    expect(decisions()).toEqual(['open', 'accepted', 'corrected']);
    workspace.accept();
    expect([workspace.state.current, decisions()[0]]).toEqual([0, 'accepted']);
  });

  test('keeps an annotation for every frame of a file', async () => {
    workspace.add([stack([5, 6, 7])]);
    await settled();
    expect(workspace.entry?.frameCount).toBe(3);
    workspace.selectFrame(2);
    await settled();
    expect(current()?.prediction.landmarks.ps1.x).toBeCloseTo(7, 4);
    workspace.selectFrame(99);
    expect(workspace.entry?.frameIndex).toBe(2);
    workspace.selectFrame(-5);
    await settled();
    expect(current()?.prediction).toMatchObject({ frame: 1, frameCount: 3 });
  });

  test('predicts all frames of a file that is looked at, each once, and stops where another is', async () => {
    workspace.add([stack([5, 6, 7, 8]), await png(90)]);
    await eventually(() => expect(workspace.entry?.annotations.size).toBe(4));
    expect(predicted).toEqual([5, 90, 6, 7, 8]);
    expect(workspace.state.frame?.pixels[0]).toBeCloseTo(5 / 255, 5);
    workspace.add([stack([1, 2, 3])]);
    let going: (() => void) | undefined;
    const works = predictor.predict;
    predictor.predict = async (frame, fit) => {
      if (Math.round(frame.pixels[0] * 255) === 2) await new Promise<void>((resolve) => (going = resolve));
      return works(frame, fit);
    };
    workspace.select(2);
    await eventually(() => expect(going).toBeDefined());
    workspace.select(1);
    going?.();
    await settled();
    await eventually(() => expect(workspace.state.entries[2].annotations.size).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(predicted.filter((shade) => shade === 3)).toEqual([]);
  });

  test('with another fit it predicts again what no person has confirmed', async () => {
    workspace.add([await png(10), await png(20)]);
    await settled();
    workspace.accept();
    await settled();
    workspace.setFit('pad');
    await eventually(() => expect(current()?.prediction.fit).toBe('pad'));
    expect(predicted).toEqual([10, 20, 20]);
    expect(workspace.state.entries[0].annotations.get(0)).toMatchObject({
      confirmed: true,
      prediction: { fit: 'crop' },
    });
  });

  test('says what is wrong with a file and goes on with the others', async () => {
    workspace.add([new File(['nothing'], 'a.txt'), stack([1], 100), stack([1], 9), await png(40)]);
    await eventually(() => expect(problemOf(workspace.state.entries[0])).toContain('a.txt: the file is not PNG'));
    workspace.select(1);
    await eventually(() => {
      expect(problemOf(workspace.state.entries[1])).toBe(
        'stack.dcm: the file has 100 frames, but at most 50 can be opened; split it.',
      );
    });
    workspace.select(2);
    await settled();
    workspace.selectFrame(8);
    await eventually(() => expect(workspace.entry && problemOf(workspace.entry)).toContain('it is truncated'));
    workspace.selectFrame(0);
    expect(workspace.entry && problemOf(workspace.entry)).toBeUndefined();
    workspace.select(3);
    await settled();
    expect(current()).toBeDefined();
  });

  test('tells why a prediction failed, and tries again when it is told to', async () => {
    const works = predictor.predict;
    predictor.predict = () => Promise.reject(new Error('The GPU is gone.'));
    workspace.add([await png(10)]);
    await eventually(() => expect(workspace.entry && problemOf(workspace.entry)).toBe('The GPU is gone.'));
    expect(workspace.state.frame).toBeDefined();
    predictor.predict = works;
    workspace.retry();
    await settled();
    expect(workspace.entry && problemOf(workspace.entry)).toBeUndefined();
  });

  test('a slow frame does not appear under another file', async () => {
    let answer: (() => void) | undefined;
    const works = predictor.predict;
    predictor.predict = async (frame, fit) => {
      if (Math.round(frame.pixels[0] * 255) === 10)
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      return works(frame, fit);
    };
    workspace.add([await png(10), await png(20)]);
    await eventually(() => expect(answer).toBeDefined());
    workspace.select(1);
    await settled();
    answer?.();
    await eventually(() => expect(decisions()).toEqual(['open', 'open']));
    expect(workspace.state.frame?.pixels[0]).toBeCloseTo(20 / 255, 5);
    expect(current()?.prediction.landmarks.ps1.x).toBeCloseTo(20, 4);
  });

  test('files that come later wait while one is being worked on, and can be taken out', async () => {
    workspace.add([await png(10)]);
    await settled();
    workspace.add([await png(20), await png(30)]);
    expect(workspace.state.current).toBe(0);
    const [first, second, third] = workspace.state.entries.map(({ id }) => id);
    workspace.remove(first);
    expect(workspace.entry?.id).toBe(second);
    workspace.select(1);
    workspace.remove(second);
    expect(workspace.entry?.id).toBe(third);
    workspace.remove(third);
    expect(workspace.state).toMatchObject({ entries: [], current: -1, frame: undefined });
  });
});
