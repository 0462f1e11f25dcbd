import * as Plot from '@observablehq/plot';
import { bestPairings } from '../comparison/table.js';
import type { Results } from '../results.js';
import { BLUE, type Figure, GREEN, MUTED, ORANGE, provenance } from './figure.js';

const PASSES = ['matrix product', 'forward', 'input gradient', 'weight gradient'];
const SYMBOLS = ['square', 'circle', 'triangle', 'diamond2'];

interface Point {
  /** Floating-point operations for each byte that has to move. */
  readonly intensity: number;
  readonly gflops: number;
  /** What the fastest other WebGPU engine reaches, waiting as sonde does. */
  readonly peer: number | undefined;
  readonly pass: string;
}

/**
 * Rates of products and convolutions over their arithmetic intensity, under what memory and arithmetic allow: the rate
 * of a large sum's reads and writes, and the best product. Undefined where either is missing. Source: Williams,
 * Waterman and Patterson, Roofline, 2009.
 */
export function roofline(results: Results): Figure | undefined {
  const { rows, peakGflops, comparison } = results;
  const bandwidth = rows.find(({ suite }) => suite === 'bandwidth')?.gigabytesPerSecond;
  if (!bandwidth || !peakGflops) return undefined;
  const peers = bestPairings(comparison?.pairings.filter(({ wait }) => wait === 'paced') ?? []);

  const points = rows.flatMap(({ suite, name, pass, flops, bytes, gflops }): Point[] => {
    if ((suite !== 'matmul' && suite !== 'conv') || !flops || !bytes || !gflops) return [];
    const known = suite === 'matmul' ? `matmul ${name}` : name;
    const pairing = peers.find((candidate) => candidate.work === known && candidate.pass === pass);
    const peer = pairing && pairing.flops / pairing.theirs.median / 1e6;
    return [{ intensity: flops / bytes, gflops, peer, pass: suite === 'matmul' ? 'matrix product' : pass }];
  });
  const lowest = Math.min(...points.map(({ intensity }) => intensity), 1) / 2;
  const highest = Math.max(...points.map(({ intensity }) => intensity)) * 2;
  const rates = points.flatMap(({ gflops, peer }) => [gflops, peer ?? gflops]);
  const floor = Math.min(...rates, lowest * bandwidth) / 2.5;
  const ceiling = Math.max(...rates, peakGflops) * 1.5;
  const ridge = peakGflops / bandwidth;
  const roof = [
    { intensity: lowest, gflops: lowest * bandwidth },
    { intensity: ridge, gflops: peakGflops },
    { intensity: highest, gflops: peakGflops },
  ];
  const compared = points.filter(({ peer }) => peer !== undefined);
  const color = { domain: PASSES, range: ['#111827', BLUE, ORANGE, GREEN] };
  return {
    title: 'Roofline: products and convolutions',
    subtitle: provenance(results),
    height: 430,
    panels: [
      {
        width: 760,
        options: {
          marginLeft: 56,
          marginBottom: 46,
          marginTop: 30,
          marginRight: 24,
          color,
          symbol: { domain: PASSES, range: SYMBOLS },
          x: { type: 'log', label: 'arithmetic intensity, FLOP per byte →', grid: true, domain: [lowest, highest] },
          y: { type: 'log', label: '↑ GFLOP/s', grid: true, domain: [floor, ceiling] },
          marks: [
            Plot.line(roof, { x: 'intensity', y: 'gflops', stroke: '#111827', strokeWidth: 1.75 }),
            Plot.text([roof[1]], {
              ...{ x: 'intensity', y: 'gflops', dx: 6, dy: -10, textAnchor: 'start', fill: '#111827' },
              text: () => `best product ${peakGflops.toPrecision(3)} GFLOP/s, memory ${bandwidth.toPrecision(3)} GB/s`,
            }),
            Plot.link(compared, {
              ...{ x: 'intensity', y1: 'peer', y2: 'gflops', stroke: 'pass', strokeOpacity: 0.35, strokeWidth: 1 },
            }),
            Plot.dot(compared, { x: 'intensity', y: 'peer', stroke: 'pass', symbol: 'pass', fill: 'white', r: 4.5 }),
            Plot.dot(points, { x: 'intensity', y: 'gflops', fill: 'pass', symbol: 'pass', r: 5 }),
            ...legend(compared.length > 0),
          ],
        },
      },
    ],
  };

  /** Above the roof, where the rates of products end. */
  function legend(withPeers: boolean): Plot.Markish[] {
    const entries = PASSES.map((pass, index) => ({ pass, x: lowest * 1.15, y: ceiling / 1.25 ** (index + 1) }));
    const notes = [
      ...(withPeers ? ['filled: sonde; hollow: the fastest other WebGPU engine, waiting alike'] : []),
      'Rates count the products of the definition: Winograd’s convolutions compute fewer.',
    ];
    return [
      Plot.dot(entries, { x: 'x', y: 'y', fill: 'pass', symbol: 'pass', r: 5 }),
      Plot.text(entries, { x: 'x', y: 'y', text: 'pass', dx: 12, textAnchor: 'start' }),
      Plot.text([notes.join('\n')], {
        ...{ x: highest, y: floor, dx: -8, dy: -8, textAnchor: 'end', lineAnchor: 'bottom', fill: MUTED },
        text: (words: string) => words,
      }),
    ];
  }
}
