/** A convolution of a network, as far as its arithmetic goes. */
export interface Contraction {
  readonly inC: number;
  readonly outC: number;
  readonly kernel: number;
  /** Pixels of the output, or of a transposed convolution's input: each takes part in inC·outC·kernel² products. */
  readonly pixels: number;
}

/**
 * What an inference and a training step of one image cost, as engines are compared by: the products of the convolutions
 * alone, 2 operations each, whatever algorithm computes them. A step needs every convolution's forward pass and both of its
 * gradients, but not the images' gradient.
 *
 * @param contractions the one that reads the images first
 */
export function networkFlops(contractions: readonly Contraction[]): { inference: number; step: number } {
  const [first, ...others] = contractions.map(({ inC, outC, kernel, pixels }) => 2 * inC * outC * kernel ** 2 * pixels);
  const rest = others.reduce((total, flops) => total + flops, 0);
  return { inference: first + rest, step: 2 * first + 3 * rest };
}

/** The two 3×3 convolutions of a U-Net's level. */
export function doubleConvolution(inC: number, outC: number, pixels: number): Contraction[] {
  return [
    { inC, outC, kernel: 3, pixels },
    { inC: outC, outC, kernel: 3, pixels },
  ];
}

/** The convolutions of the small U-Net, in its own order. */
export function smallUNetContractions(size: number, base: number, points: number): Contraction[] {
  const channels = [1, 2, 4, 8].map((multiple) => base * multiple);
  const pixels = channels.map((_, level) => (size / 2 ** level) ** 2);
  const encoders = channels.flatMap((outC, level) =>
    doubleConvolution(level === 0 ? 1 : channels[level - 1], outC, pixels[level]),
  );
  const decoders = channels
    .slice(0, -1)
    .flatMap((outC, level) => [
      { inC: 2 * outC, outC, kernel: 2, pixels: pixels[level + 1] },
      ...doubleConvolution(2 * outC, outC, pixels[level]),
    ]);
  return [...encoders, ...decoders, { inC: base, outC: points, kernel: 1, pixels: pixels[0] }];
}

/** The convolutions of DSNT-DeepUNet with strided encoders, depth 7 and one input channel, in its own order. */
export function dsntDeepUNetContractions(size: number, base: number, points: number): Contraction[] {
  const depth = 7;
  const heatmapLevel = 3;
  const channels = (level: number) => (level === 0 ? 1 : base * 2 ** Math.min(level - 1, 3));
  const pixels = (level: number) => (size / 2 ** level) ** 2;
  const levels = Array.from({ length: depth }, (_, index) => index + 1);
  const encoders = levels.flatMap((level) => doubleConvolution(channels(level - 1), channels(level), pixels(level)));
  const decoders = levels
    .filter((level) => level >= heatmapLevel && level < depth)
    .reverse()
    .flatMap((level) => [
      { inC: channels(level + 1), outC: channels(level + 1), kernel: 2, pixels: pixels(level + 1) },
      ...doubleConvolution(channels(level) + channels(level + 1), channels(level), pixels(level)),
    ]);
  const head = { inC: channels(heatmapLevel), outC: points, kernel: 1, pixels: pixels(heatmapLevel) };
  return [...encoders, ...decoders, head];
}
