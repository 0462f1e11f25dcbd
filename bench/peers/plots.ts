import { readFileSync, writeFileSync } from 'node:fs';
import type { Results } from '../results.js';
import { type Figure, render } from './figure.js';
import { roofline } from './roofline.js';
import { scaling } from './scaling.js';

/** `plots.js RESULTS PREFIX` draws what is in RESULTS to PREFIX-roofline.svg and PREFIX-scaling.svg. */
const [, , file, prefix] = process.argv;
const results = JSON.parse(readFileSync(file, 'utf8')) as Results;

const figures: Readonly<Record<string, Figure | undefined>> = {
  roofline: roofline(results),
  scaling: scaling(results),
};
for (const [name, figure] of Object.entries(figures)) {
  if (figure) writeFileSync(`${prefix}-${name}.svg`, render(figure));
}
