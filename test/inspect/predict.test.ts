import { describe, expect, it } from 'vitest';
import { CHIPS, chipsNamed } from '../../inspect/chips.js';
import type { Figures } from '../../inspect/figures.js';
import { parseMachineCode } from '../../inspect/machine-code/index.js';
import { boundOf, boundsOf, timeOf } from '../../inspect/model-of-time.js';
import { predict, printPrediction } from '../../inspect/predict.js';
import { kernelWork } from '../../inspect/work.js';

const line = (text: string) => `\t${text.padEnd(60)}; 00000000`;
const aco = (...lines: string[]) =>
  parseMachineCode('ACO', lines.map((text) => (text.endsWith(':') ? text : line(text))).join('\n'));

// Around the steps of a tile a loop stages operands, which half of the subgroups skip; every kernel ends early where
// there is nothing to do.
const TILE = aco(
  'BB0:',
  's_cbranch_execz BB9',
  'v_mov_b32_e32 v0, 0',
  'BB1:',
  's_cbranch_execz BB3',
  'buffer_load_b128 v[4:7], v1, s[8:11], 0 offen',
  'v_add_nc_u32_e32 v1, 16, v1',
  'BB3:',
  'ds_store_b128 v3, v[4:7]',
  'BB4:',
  'ds_load_b128 v[8:11], v3',
  'v_fmac_f32_e32 v20, v8, v9',
  'v_fmac_f32_e32 v21, v8, v9',
  's_cbranch_scc1 BB4',
  'v_add_nc_u32_e32 v2, 1, v2',
  's_cbranch_scc1 BB1',
  'buffer_store_b32 v20, v1, s[4:7], 0 offen',
  'BB9:',
  's_endpgm',
);

describe('the work of a kernel', () => {
  const work = kernelWork(TILE);

  it('is told by loops, scalar instructions left out', () => {
    expect(work.hot).toEqual({ issued: 3, arithmetic: 2, matrixFlops: 0, workgroupBytes: 16, globalBytes: 0 });
    expect(work.once).toMatchObject({ issued: 2, globalBytes: 4 });
  });

  it('counts half of what a branch skips, but not of a loop or of the whole kernel', () => {
    expect(work.around).toEqual([{ issued: 3, arithmetic: 0, matrixFlops: 0, workgroupBytes: 16, globalBytes: 8 }]);
  });

  it('counts products of matrices by their size', () => {
    const { once } = kernelWork(aco('v_wmma_f32_16x16x16_f16 v[0:7], v[8:15], v[16:23], v[0:7]', 's_endpgm'));
    expect(once).toMatchObject({ issued: 0, matrixFlops: 2 * 16 ** 3 });
  });
});

const figures = (program: Parameters<typeof kernelWork>[0]): Figures => ({
  ...{ registers: 64, spills: 0, occupancy: 8, workgroupMemory: 0, subgroupSize: 32, instructions: 1 },
  loop: {
    ...{ whole: false, instructions: 1, arithmetic: 1, matrix: 0, barriers: 0, waits: 0, code: [] },
    ...{ loads: {}, stores: {} },
  },
  work: kernelWork(program),
});

// Two cores that issue for 32 invocations a thousand times in a microsecond.
const chip = {
  ...{ name: 'chip', description: '', gpu: 'navi31', cores: 2, lanes: 32, clock: 1, matrix: 1 },
  ...{ bandwidth: 10, workgroupBytes: 64, schedulers: 1, latency: 0.5, launch: 2 },
};

describe('the model of time', () => {
  it('tells how often a loop runs by the useful arithmetic, and how much falls to the busiest core', () => {
    // Three workgroups of 64, so two on one core; 32 steps of two multiply-adds each, staged in two rounds.
    const dispatch = { kernel: 'tile', workgroups: 3, size: 64, flops: 3 * 64 * 32 * 4, bytes: 1000 };
    const bounds = boundsOf(dispatch, figures(TILE), chip);
    expect(bounds.instructions).toBeCloseTo((128 * (32 * 3 + 2 * 3 + 2)) / (32 * 1000), 9);
    expect(bounds['workgroup memory']).toBeCloseTo((128 * (32 * 16 + 2 * 16)) / (64 * 1000), 9);
    expect(bounds.memory).toBeCloseTo(1000 / 10_000, 9);
    // Four subgroups, all of which a core holds; a load for each round, and the store.
    expect(bounds.latency).toBeCloseTo(0.5 * (2 + 1), 9);
    expect(timeOf(bounds)).toBeCloseTo(2 + bounds.latency, 9);
  });

  it('waits longer where a core holds fewer subgroups than it is given', () => {
    const dispatch = { kernel: 'tile', workgroups: 64, size: 64, flops: 64 * 64 * 32 * 4, bytes: 1000 };
    // 64 subgroups for each core, which holds eight.
    expect(boundsOf(dispatch, figures(TILE), chip).latency).toBeCloseTo(8 * 0.5 * 3, 9);
  });

  it('tells how often other loops run by the bytes', () => {
    const sum = aco(
      'BB1:',
      'buffer_load_b32 v4, v1, s[8:11], 0 offen',
      'v_add_f32_e32 v2, v4, v2',
      's_cbranch_scc1 BB1',
      's_endpgm',
    );
    const dispatch = { kernel: 'sum', workgroups: 1, size: 32, flops: 0, bytes: 32 * 4 * 100 };
    const bounds = boundsOf(dispatch, figures(sum), chip);
    expect(bounds.instructions).toBeCloseTo((32 * 100 * 2) / (32 * 1000), 9);
    expect(bounds.latency).toBeCloseTo(50, 9);
    expect(boundOf([bounds])).toBe('latency');
  });

  it('adds up a step, copies included, and names what holds each kernel', () => {
    const dispatch = { kernel: 'tile', workgroups: 2, size: 64, flops: 2 * 64 * 16 * 4, bytes: 10 };
    const big = { ...dispatch, kernel: 'big', bytes: 1e6 };
    const step = predict(chip, 'f32 step', { dispatches: [dispatch, big, dispatch], copies: [5000] }, () =>
      figures(TILE),
    );
    expect(step.kernels.map(({ name, dispatches, bound }) => [name, dispatches, bound])).toEqual([
      ['big', 1, 'memory'],
      ['tile', 2, 'launch'],
      ['copies', 1, 'launch'],
    ]);
    const small = timeOf(boundsOf(dispatch, figures(TILE), chip));
    expect(step.milliseconds).toBeCloseTo((2 + 100 + 2 * small + 2 + 1) / 1000, 9);
    expect(printPrediction(step)).toMatch(/^big +memory +1 +0\.10 /m);
  });
});

describe('chips', () => {
  it('are asked for by name', () => {
    expect(chipsNamed('h200, m1').map(({ name }) => name)).toEqual(['h200', 'm1']);
    expect(chipsNamed('all')).toBe(CHIPS);
    expect(() => chipsNamed('voodoo2')).toThrow('There are no figures for the chip "voodoo2"; choose among rtx-4090');
  });

  // 2 per multiply-add, lane and clock; the manufacturers' figures, without the second issue of AMD's.
  it.each([
    ['rtx-4090', 82.6],
    ['h200', 67],
    ['rx-7900-xtx', 61.4 / 2],
    ['m1', 2.6],
    ['adreno-740', 2.1],
  ])('%s does %d TFLOP/s', (name, teraflops) => {
    const [{ cores, lanes, clock }] = chipsNamed(name);
    expect((2 * cores * lanes * clock) / 1000 / teraflops).toBeCloseTo(1, 1);
  });
});
