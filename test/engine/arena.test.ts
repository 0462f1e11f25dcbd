import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutArenas } from '../../src/engine/arena.js';
import { propertyParameters } from '../support/check-operation.js';

describe('a layout of arenas', () => {
  const cases = fc.tuple(
    fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 30 }),
    fc.integer({ min: 1792, max: 8000 }),
  );

  test('holds every tensor once, in order, aligned, without overlap, within the limit', () => {
    fc.assert(
      fc.property(cases, ([sizes, maxBytes]) => {
        const layouts = layoutArenas(sizes, maxBytes);
        expect(layouts.flatMap(({ members }) => members)).toEqual(sizes.map((_, i) => i));
        for (const { members, offsets, length } of layouts) {
          expect(length * 4).toBeLessThanOrEqual(maxBytes);
          let end = 0;
          for (const [i, offset] of offsets.entries()) {
            expect((offset * 4) % 256).toBe(0);
            expect(offset).toBeGreaterThanOrEqual(end);
            end = offset + sizes[members[i]];
          }
          expect(length).toBeGreaterThanOrEqual(end);
        }
      }),
      propertyParameters(10),
    );
  });

  test('opens a new arena only where the next tensor does not fit', () => {
    fc.assert(
      fc.property(cases, ([sizes, maxBytes]) => {
        const layouts = layoutArenas(sizes, maxBytes);
        for (const [i, { members }] of layouts.entries()) {
          if (i === 0) continue;
          const padded = Math.ceil(sizes[members[0]] / 64) * 64;
          expect((layouts[i - 1].length + padded) * 4).toBeGreaterThan(maxBytes - 256);
        }
      }),
      propertyParameters(10),
    );
  });
});
