import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlaySvg } from '../../../src/train/overlay/drawing.js';
import { type Drawing, layOut } from '../../../src/train/overlay/layout.js';
import { overlap } from '../../../src/train/overlay/placement.js';

const landmarksIn = (width: number, height: number) => {
  const point = fc.record({
    x: fc.double({ min: -20, max: width + 20, noNaN: true }),
    y: fc.double({ min: -20, max: height + 20, noNaN: true }),
  });
  return fc.record({ ps1: point, ps2: point, fh1: point });
};

/** Frames of all proportions, with landmarks anywhere on them and a little beyond. */
const drawings: fc.Arbitrary<Drawing> = fc
  .record({ width: fc.integer({ min: 512, max: 1200 }), height: fc.integer({ min: 512, max: 1200 }) })
  .chain(({ width, height }) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      predicted: landmarksIn(width, height),
      truth: fc.option(landmarksIn(width, height), { nil: undefined }),
      aop: fc.option(fc.double({ min: 0, max: 180, noNaN: true }), { nil: undefined }),
      trueAop: fc.constant(100),
      title: fc.option(fc.string({ minLength: 60, maxLength: 90 }), { nil: undefined }),
    }),
  );

const typical: Drawing = {
  width: 512,
  height: 512,
  predicted: { ps1: { x: 280, y: 70 }, ps2: { x: 160, y: 100 }, fh1: { x: 320, y: 200 } },
  truth: { ps1: { x: 284, y: 66 }, ps2: { x: 155, y: 101 }, fh1: { x: 325, y: 210 } },
  aop: 93.0664855,
  trueAop: 95.04,
  title: 'frame.jpg',
};

describe('layOut', () => {
  it('keeps all text inside the frame', () => {
    fc.assert(
      fc.property(drawings, (drawing) => {
        const { labels, legend } = layOut(drawing);
        for (const { box, text } of [...labels, ...legend]) {
          expect(box.x, text).toBeGreaterThan(0);
          expect(box.y, text).toBeGreaterThan(0);
          expect(box.x + box.width, text).toBeLessThan(drawing.width);
          expect(box.y + box.height, text).toBeLessThan(drawing.height);
        }
      }),
    );
  });

  it("names the patient's angle first where pixels are not square, and 'undefined' where there is none", () => {
    const angle = (drawing: Partial<Drawing>) => layOut({ ...typical, title: undefined, ...drawing }).labels[0].text;
    expect(angle({ aopInMillimetres: 101.26 })).toBe('AoP 101.3° (93.1° in the picture)');
    expect(angle({ aopInMillimetres: null })).toBe('AoP 93.1°');
    expect(angle({ aop: null, aopInMillimetres: null })).toBe('AoP undefined');
  });

  it('names the three landmarks, the angle with one decimal, the title and both angles', () => {
    const { labels, legend } = layOut(typical);
    expect(labels.map(({ text }) => text)).toEqual(['frame.jpg', 'AoP 93.1°', 'PS1', 'PS2', 'FH1']);
    expect(legend.map(({ text }) => text)).toEqual(['prediction 93.1°', 'truth 95.0°']);
    expect(new Set(labels.slice(1).map(({ color }) => color)).size).toBe(4);
  });

  it('says that an angle does not exist', () => {
    expect(layOut({ ...typical, aop: undefined }).labels.map(({ text }) => text)).toContain('AoP undefined');
  });

  it('has no legend where there is no truth', () => {
    expect(layOut({ ...typical, truth: undefined }).legend).toEqual([]);
  });

  it('cuts a title that is too long', () => {
    const [title] = layOut({ ...typical, title: 'a long title '.repeat(20) }).labels;
    expect(title.text).toMatch(/^a long title .*…$/);
  });

  it.each([0, 30, 110, 200, 290])(
    'keeps labels off each other and off the points, the figure turned by %d°',
    (turn) => {
      const radians = (turn * Math.PI) / 180;
      const turned = ({ x, y }: { x: number; y: number }) => ({
        x: 256 + (x - 256) * Math.cos(radians) - (y - 130) * Math.sin(radians),
        y: 256 + (x - 256) * Math.sin(radians) + (y - 130) * Math.cos(radians),
      });
      const { ps1, ps2, fh1 } = typical.predicted;
      const predicted = { ps1: turned(ps1), ps2: turned(ps2), fh1: turned(fh1) };
      const { labels } = layOut({ ...typical, predicted, truth: undefined });
      for (const [index, { box }] of labels.entries()) {
        for (const { box: other } of labels.slice(index + 1)) expect(overlap(box, other)).toBe(0);
        for (const { x, y } of Object.values(predicted)) {
          expect(overlap(box, { x: x - 5, y: y - 5, width: 10, height: 10 })).toBe(0);
        }
      }
    },
  );
});

describe('overlaySvg', () => {
  it('draws text as outlines, so that no font need be installed', () => {
    const svg = overlaySvg(typical);
    expect(svg).not.toMatch(/<text|font/);
    // Title, angle, three names and two rows of the legend.
    expect(svg.match(/<path d="M[^"]{150,}" fill="#/g)).toHaveLength(7);
  });

  it('is finite for any landmarks', () => {
    fc.assert(
      fc.property(drawings, (drawing) => {
        expect(/NaN|Infinity|undefined/.test(overlaySvg(drawing))).toBe(false);
      }),
    );
  });

  it('draws an arc only where there is an angle', () => {
    expect(overlaySvg(typical)).toMatch(/A44 44 0 0 0 /);
    expect(overlaySvg({ ...typical, aop: undefined })).not.toMatch(/A44/);
  });

  it('opens the arc towards the rays on either side', () => {
    const { ps1, ps2, fh1 } = typical.predicted;
    const mirror = ({ x, y }: { x: number; y: number }) => ({ x: 512 - x, y });
    const mirrored = { ps1: mirror(ps1), ps2: mirror(ps2), fh1: mirror(fh1) };
    expect(overlaySvg({ ...typical, predicted: mirrored })).toMatch(/A44 44 0 0 1 /);
  });
});

describe('what the network saw', () => {
  const dashes = 'stroke-dasharray="3 4"';

  it('has a border, with the rest in the shade', () => {
    const svg = overlaySvg({ ...typical, truth: undefined, seen: { x: 64, y: 0, width: 384, height: 512 } });
    expect(svg).toContain('<path d="M0 0H512V512H0ZM64 0h384v512h-384Z" fill="#05080d" fill-opacity="0.5"');
    expect(svg).toContain(dashes);
  });

  it('has none where it is the whole frame', () => {
    const whole = { x: 0, y: 0, width: 512, height: 512 };
    expect(overlaySvg({ ...typical, truth: undefined, seen: whole })).not.toContain(dashes);
    expect(overlaySvg({ ...typical, truth: undefined })).not.toContain(dashes);
  });
});
