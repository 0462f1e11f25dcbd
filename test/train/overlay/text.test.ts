import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fittedText, textOutline, textWidth } from '../../../src/train/overlay/text.js';

describe('text as outlines', () => {
  it('has glyphs for what reports say', () => {
    const missing = textOutline('\u{10ffff}', 0, 0, 100);
    for (const character of 'AZaz09äöüß°±²–−×·…%():') expect(textOutline(character, 0, 0, 100)).not.toBe(missing);
  });

  it('grows with the font size and adds up along the line', () => {
    expect(textWidth('AoP 93.1°', 26)).toBeCloseTo(2 * textWidth('AoP 93.1°', 13), 8);
    expect(textWidth('PS1', 13) + textWidth('FH1', 13)).toBeCloseTo(textWidth('PS1FH1', 13), 8);
  });

  it('lies between its start and its width, above the baseline', () => {
    const numbers = textOutline('PS1', 100, 50, 20).match(/-?\d+(\.\d+)?/g) ?? [];
    // Every command has points of x and y.
    const xs = numbers.filter((_, index) => index % 2 === 0).map(Number);
    const ys = numbers.filter((_, index) => index % 2 === 1).map(Number);
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...xs)).toBeLessThanOrEqual(100 + textWidth('PS1', 20));
    expect(Math.max(...ys)).toBeLessThanOrEqual(50.5);
    expect(Math.min(...ys)).toBeGreaterThanOrEqual(50 - 20 * 0.76);
  });

  it('has finite coordinates at any size and place', () => {
    const size = fc.double({ min: 5, max: 40, noNaN: true });
    const place = fc.double({ min: 0, max: 1000, noNaN: true });
    fc.assert(
      fc.property(size, place, place, (fontSize, x, y) => {
        expect(textOutline('AoP 93.1° PS1 FH1 undefined', x, y, fontSize).includes('NaN')).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('cuts a text to a width and says so', () => {
    expect(fittedText('short', 13, 500)).toBe('short');
    const cut = fittedText('a title that is far too long', 13, 80);
    expect(cut).toMatch(/^a title.*…$/);
    expect(textWidth(cut, 13)).toBeLessThanOrEqual(80);
  });
});
