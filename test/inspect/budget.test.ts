import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareCosts } from '../../inspect/budget.js';
import type { Figures } from '../../inspect/figures.js';
import { GPUS } from '../../inspect/gpus.js';
import type { Inspection } from '../../inspect/inspect.js';
import { printChanges, printTable } from '../../inspect/table.js';
import { kernelWork } from '../../inspect/work.js';

describe('the budget of kernels', () => {
  const allowed = {
    softmax: [
      [20, 2, 0],
      [40, 4, 0],
    ] as const,
  };

  it.each([
    {
      costs: {
        softmax: [
          [20, 2, 0],
          [40, 4, 0],
        ] as const,
      },
      found: [],
    },
    {
      costs: {
        softmax: [
          [18, 1, 0],
          [40, 4, 0],
        ] as const,
      },
      found: [],
    },
    {
      costs: {
        softmax: [
          [20, 2, 0],
          [41, 4, 0],
        ] as const,
      },
      found: ['softmax: 41 registers, up from 40'],
    },
    {
      costs: {
        softmax: [
          [20, 2, 0],
          [40, 6, 0],
        ] as const,
      },
      found: ['softmax: 6 loads in its hot loop, up from 4'],
    },
    {
      costs: {
        softmax: [
          [20, 2, 0],
          [40, 4, 3],
        ] as const,
      },
      found: ['softmax: 3 spills, up from 0'],
    },
    { costs: { softmax: [[20, 2, 0]] as const }, found: ['softmax: 1 kernel, and the budget is for 2'] },
    {
      costs: { ...allowed, relu: [[5, 1, 0]] as const },
      found: ['relu: 1 kernel, and the budget is for 0'],
    },
  ])('finds $found', ({ costs, found }) => expect(compareCosts(allowed, costs)).toEqual(found));

  it('covers every GPU, and nothing in it spills', () => {
    const { gpus } = JSON.parse(readFileSync('inspect/budget.json', 'utf8')) as {
      gpus: Record<string, Record<string, [number, number, number][]>>;
    };
    expect(Object.keys(gpus).sort()).toEqual(GPUS.map(({ name }) => name).sort());
    const spilling = Object.entries(gpus).flatMap(([gpu, labels]) =>
      Object.values(labels).some((costs) => costs.some(([, , spills]) => spills > 0)) ? [gpu] : [],
    );
    expect(spilling).toEqual([]);
  });
});

describe('the table', () => {
  const figures = (registers: number): Figures => ({
    ...{ registers, spills: 0, occupancy: 16, workgroupMemory: 4096, subgroupSize: 32, instructions: 100 },
    loop: {
      ...{ whole: false, instructions: 8, arithmetic: 4, matrix: 1, barriers: 2, waits: 1, code: [] },
      loads: { workgroup: { 2: 3, 16: 1 }, global: { 4: 2 } },
      stores: {},
    },
    work: kernelWork([]),
  });
  const inspection = (registers: number): Inspection => ({
    gpu: 'm1',
    kernels: { matmul: { figures: figures(registers) }, broken: { error: 'the driver crashed while compiling it' } },
  });

  it('has a row for each kernel, and a sentence for each that was not compiled', () => {
    const [, row, sentence] = printTable(inspection(40)).split('\n');
    expect(row.split(/ {2,}/)).toEqual([
      ...['matmul', '40', '0', '16', '4096', '100', '8', '4', '1', '50 %', 'w16×1 w2×3 g4×2', '0', '2', '1'],
    ]);
    expect(sentence).toBe('broken: the driver crashed while compiling it');
  });

  it('says what a change did', () => {
    expect(printChanges(inspection(40), inspection(48))).toBe('matmul: registers 40 → 48');
    expect(printChanges(inspection(40), inspection(40))).toBe('no kernel changed');
  });
});
