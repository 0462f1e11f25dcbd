import { afterEach, describe, expect, test, vi } from 'vitest';
import { Admission } from '../../../src/tool/server/admission.js';
import { Overlays } from '../../../src/tool/server/overlays.js';
import { eventually } from '../../support/eventually.js';

test('Admission: so many places, each of which becomes free once', () => {
  const admission = new Admission(2);
  const leave = admission.enter();
  admission.enter();
  expect(() => admission.enter()).toThrow('2 predictions are in progress');
  leave();
  leave();
  admission.enter();
  expect(() => admission.enter()).toThrow('2 predictions are in progress');
});

describe('Overlays', () => {
  const landmarks = { ps1: { x: 1, y: 1 }, ps2: { x: 3, y: 1 }, fh1: { x: 1, y: 3 } };
  const overlay = (side: number) => ({
    pixels: new Uint8Array(side * side),
    width: side,
    height: side,
    predicted: landmarks,
    aop: 90,
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  test('forgets pictures after their time', async () => {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const overlays = new Overlays({ milliseconds: 40 });
    const kept = overlays.keep(overlay(4));
    now += 39;
    expect(await overlays.render(kept?.id ?? '')).toBeInstanceOf(Uint8Array);
    now += 2;
    // The cache looks at the clock once a millisecond at most.
    await eventually(async () => expect(await overlays.render(kept?.id ?? '')).toBeUndefined());
  });

  test('holds no more bytes than it may: the oldest goes first, and what is too large is not kept', async () => {
    const overlays = new Overlays({ bytes: 40 });
    const ids = [1, 2, 3].map(() => overlays.keep(overlay(4))?.id ?? '');
    expect(await overlays.render(ids[0])).toBeUndefined();
    expect(await overlays.render(ids[2])).toBeDefined();
    expect(overlays.keep(overlay(7))).toBeUndefined();
  });
});
