import { describe, expect, it } from 'vitest';
import { peakOf, type Row, ratesOf } from '../../bench/report.js';
import { quartiles } from '../../bench/statistics.js';
import { formatFooter, formatSuite, significant } from '../../bench/table.js';

function row(name: string, milliseconds: number, changes: Partial<Row> = {}): Row {
  return {
    suite: 'matmul',
    name,
    pass: 'forward',
    batch: 1,
    time: { clock: 'GPU timestamps', note: 'kernels only', milliseconds: quartiles([milliseconds]) },
    flops: 4e6,
    bytes: 2e6,
    check: { valid: true, statement: 'fine' },
    ...changes,
  };
}
const wrong = { valid: false, statement: 'element 3 is 1, and 2 in float64' };

describe('rates', () => {
  it('follow from the median', () => {
    // 4 MFLOP and 2 MB in 2 ms.
    expect(ratesOf(row('a', 2), 8)).toEqual({ gflops: 2, gigabytesPerSecond: 1, shareOfPeak: 0.25 });
  });

  it('are not derived from a time that is not valid', () => {
    expect(ratesOf(row('a', 2, { check: wrong }), 8)).toEqual({});
  });

  it('peak at the best valid product, and nowhere else', () => {
    const rows = [row('a', 2), row('b', 1), row('c', 0.1, { check: wrong }), row('d', 0.1, { suite: 'conv' })];
    expect(peakOf(rows)).toBe(4);
    expect(peakOf(rows.slice(2))).toBeUndefined();
  });
});

describe('the table', () => {
  const rated = (rows: readonly Row[], peak?: number) => rows.map((each) => ({ ...each, ...ratesOf(each, peak) }));

  it('aligns columns under their titles and names a workload once', () => {
    const rows = [row('small', 2), row('small', 40, { pass: 'weight gradient' }), row('larger one', 123.4)];
    expect(`${formatSuite('title', rated(rows, 4))}\n`).toBe(
      `title
                               batch  median ms    ±  GFLOP/s  % of peak    GB/s
  small       forward              1       2.00  0 %     2.00       50.0    1.00  gpu
              weight gradient      1       40.0  0 %    0.100        2.5  0.0500  gpu
  larger one  forward              1        123  0 %   0.0324        0.8  0.0162  gpu
`,
    );
  });

  it('shows no time and no rate of a wrong result, and why', () => {
    const text = formatSuite('title', rated([row('a', 2.5), row('b', 7.25, { check: wrong })], 4));
    expect(text).toMatch(/^ {2}b +forward +1 +not valid +gpu$/m);
    expect(text).not.toContain('7.25');
    expect(text).toContain('  ! b, forward: element 3 is 1, and 2 in float64');
  });

  it('ends with what stopped the suite', () => {
    expect(formatSuite('title', [], ['the device is out of memory.'])).toContain('  ! the device is out of memory.');
  });

  it('tells both clocks apart and counts the valid results', () => {
    const time = { ...row('w', 1).time, clock: 'wall clock' as const, note: 'the adapter has no timestamps' };
    const rows = rated([row('a', 1), row('b', 1, { time }), row('c', 1, { check: wrong })]);
    const footer = formatFooter({ rows, peakGflops: 4, tuned: { 'matmul 2×2': 'tiled' }, seconds: 12.4 });
    expect(footer.split('\n')).toEqual([
      '  gpu   GPU timestamps, kernels only',
      '  wall  wall clock, the adapter has no timestamps',
      '  ±     half the distance between the quartiles',
      '  peak  the best matrix product of this run: 4.00 GFLOP/s',
      "  GFLOP/s count the definition's products: a fast convolution can exceed the peak",
      '  1 choices of the tuner are in use',
      '  2 of 3 results are valid; 12 s in all',
    ]);
    expect(formatFooter({ rows: [], peakGflops: null, tuned: {}, seconds: 0 })).toContain(
      'unknown: no product was valid',
    );
  });

  it('prints three digits and no exponent', () => {
    expect([123456, 123.4, 12.34, 1.234, 0.01234, 0.00000001, 0].map(significant)).toEqual([
      '123456',
      '123',
      '12.3',
      '1.23',
      '0.0123',
      '0.000000',
      '0',
    ]);
    expect(significant(undefined)).toBe('');
  });
});
