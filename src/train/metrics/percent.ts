/** A share as people read it: "76.3 %" for 0.763. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
