/** How numbers and dates read in a report: fixed decimals, a true minus sign, and what is missing as a dash. */

export const MISSING = '–';

/** Distances in px and angles in degrees: hundredths are already below the labels' noise. */
export function fixed(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const text = value.toFixed(digits);
  // What rounds to zero has no sign.
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace('-', '−');
}

/** As in "76.3" for 0.763; the unit stands in the header. */
export function percent(fraction: number | null | undefined, digits = 1): string {
  return fixed(fraction === null || fraction === undefined ? undefined : 100 * fraction, digits);
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** As in "6.99 to 8.88". A dash between the numbers could be read as a minus sign. */
export function range(interval: Range | null | undefined, digits = 2): string {
  return interval ? `${fixed(interval.low, digits)} to ${fixed(interval.high, digits)}` : MISSING;
}

/** Three significant digits, with a power of ten for what is very small or large: "0.003", "5.35·10⁻⁵". */
export function significant(value: number | null | undefined, digits = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent >= -3 && exponent < 5) return String(Number(value.toPrecision(digits))).replace('-', '−');
  const [mantissa, power] = value.toExponential(digits - 1).split('e');
  return `${String(Number(mantissa)).replace('-', '−')}·10${superscript(Number(power))}`;
}

/** A p value as journals print it: "0.032", "< 0.001". */
export function probability(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return MISSING;
  if (value < 0.001) return '< 0.001';
  return value > 0.999 ? '> 0.999' : value.toFixed(3);
}

/** "2025-11-22 16:02 UTC"; the text itself where it is no date. */
export function dateTime(text: string): string {
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** "1 frame", "80 frames". */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en-GB')} ${number === 1 ? noun : plural}`;
}

/** "a", "a and b", "a, b and c". */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

function superscript(power: number): string {
  return String(power).replace(/[-\d]/g, (digit) => (digit === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]));
}
