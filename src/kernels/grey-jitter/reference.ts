/** The grey that each byte of a frame becomes: brightness and contrast in the given order, each clamped to [0, 1]. */
export function greyJitterReference(
  histogram: ArrayLike<number>,
  brightness: number,
  contrast: number,
  contrastFirst: boolean,
): Float64Array {
  const greys = Float64Array.from({ length: 256 }, (_, byte) => byte / 255);
  const blend = (factor: number, other: number) =>
    greys.forEach((grey, byte) => {
      greys[byte] = Math.min(1, Math.max(0, factor * grey + (1 - factor) * other));
    });
  const mean = () => {
    let [pixels, sum] = [0, 0];
    for (const [byte, grey] of greys.entries()) {
      pixels += histogram[byte];
      sum += histogram[byte] * grey;
    }
    return sum / pixels;
  };
  if (contrastFirst) blend(contrast, mean());
  blend(brightness, 0);
  if (!contrastFirst) blend(contrast, mean());
  return greys;
}
