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
 * alone, 2 operations each, whatever algorithm computes them. A step needs every convolution's forward pass and both of
 * its gradients, but not the images' gradient.
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

/** A convolution, or the transposed convolution that leads back. */
export interface Layer {
  readonly inC: number;
  readonly outC: number;
  /** Height and width of the input. */
  readonly size: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly transposed?: boolean;
  /** Its input are images, whose gradient nobody needs. */
  readonly first?: boolean;
}

/** The layers of DSNT-DeepUNet with strided encoders, depth 7 and one input channel, in its own order. */
export function dsntDeepUNetLayers(size: number, base: number, points: number): Layer[] {
  const depth = 7;
  const heatmapLevel = 3;
  const channels = (level: number) => (level === 0 ? 1 : base * 2 ** Math.min(level - 1, 3));
  const sizeAt = (level: number) => size / 2 ** level;
  const levels = Array.from({ length: depth }, (_, index) => index + 1);
  const second = (level: number) => ({
    ...{ inC: channels(level), outC: channels(level), size: sizeAt(level), kernel: 3 },
  });
  const encoders = levels.flatMap((level) => [
    { ...{ inC: channels(level - 1), outC: channels(level), size: sizeAt(level - 1) }, kernel: 3, stride: 2 },
    second(level),
  ]);
  const decoders = levels
    .filter((level) => level >= heatmapLevel && level < depth)
    .reverse()
    .flatMap((level) => [
      {
        ...{ inC: channels(level + 1), outC: channels(level + 1), size: sizeAt(level + 1) },
        ...{ kernel: 2, stride: 2, transposed: true },
      },
      { ...second(level), inC: channels(level) + channels(level + 1) },
      second(level),
    ]);
  const head = { inC: channels(heatmapLevel), outC: points, size: sizeAt(heatmapLevel), kernel: 1 };
  const [stem, ...rest] = [...encoders, ...decoders, head];
  return [{ ...stem, first: true }, ...rest];
}

/** The convolutions of the same network, as far as their arithmetic goes. */
export function dsntDeepUNetContractions(size: number, base: number, points: number): Contraction[] {
  return dsntDeepUNetLayers(size, base, points).map(
    ({ inC, outC, size: own, kernel, stride = 1, transposed = false }) => ({
      ...{ inC, outC, kernel, pixels: (transposed ? own : own / stride) ** 2 },
    }),
  );
}
