/** How a family of ultrasound machines looks. The names are ours; none stands for a product. */
export interface Profile {
  readonly name: string;
  /** Curvature radius of the probe, mm. */
  readonly probeRadius: readonly [number, number];
  /** Half of the sector's opening, degrees. */
  readonly halfAngle: readonly [number, number];
  /** Centre frequency, MHz. */
  readonly frequency: number;
  /** Axial point spread σ, mm. */
  readonly axialSigma: number;
  /** Lateral point spread σ at the focus, in scan lines. */
  readonly lateralSigma: number;
  /** How much the beam has widened at twice the focal depth, and at the probe. */
  readonly defocus: number;
  /** Independent speckle patterns averaged (spatial compounding). */
  readonly looks: number;
  readonly dynamicRange: number;
  /** Electronic noise at the deepest sample, dB below white. */
  readonly noiseFloor: number;
  /** Grey of soft tissue, 0 to 1. */
  readonly tissueGrey: number;
  /** Time-gain error at equidistant depths, dB: how the sliders stand. */
  readonly gainCurve: readonly number[];
  /** Exponent of the grey map; above 1 darkens. */
  readonly gamma: number;
  /** Steepness of the S-curve laid over the grey map, 0 for none. */
  readonly contrast: number;
  /** Unsharp mask amount; negative smooths. */
  readonly sharpness: number;
  /** Grey outside the sector, 0 to 255. */
  readonly background: number;
  readonly overlay: OverlayStyle;
  readonly encoding: { readonly format: 'jpeg'; readonly quality: number } | { readonly format: 'png' };
}

export interface OverlayStyle {
  readonly ruler: 'left' | 'right' | 'none';
  readonly mark: 'dot' | 'letter' | 'bar';
  readonly greyBar: 'left' | 'right' | 'none';
  readonly text: 'corner' | 'column' | 'footer';
  /** Height of a character in pixels of a 512-pixel frame. */
  readonly textHeight: number;
  /** Brightness of lines and text, 0 to 255. */
  readonly ink: number;
}

export const PROFILES: readonly Profile[] = [
  {
    name: 'cart-classic',
    probeRadius: [56, 62],
    halfAngle: [30, 33],
    frequency: 3.3,
    axialSigma: 0.36,
    lateralSigma: 1.15,
    defocus: 0.6,
    looks: 2,
    dynamicRange: 56,
    noiseFloor: -54,
    tissueGrey: 0.42,
    gainCurve: [1, 0, 0, 1, 0, -2],
    gamma: 1.05,
    contrast: 0.3,
    sharpness: 0,
    background: 0,
    overlay: { ruler: 'right', mark: 'dot', greyBar: 'left', text: 'corner', textHeight: 10, ink: 200 },
    encoding: { format: 'jpeg', quality: 88 },
  },
  {
    name: 'cart-premium',
    probeRadius: [50, 58],
    halfAngle: [33, 37],
    frequency: 3.8,
    axialSigma: 0.28,
    lateralSigma: 0.9,
    defocus: 0.35,
    looks: 4,
    dynamicRange: 60,
    noiseFloor: -58,
    tissueGrey: 0.44,
    gainCurve: [0, 1, 1, 0, 0, 0],
    gamma: 1,
    contrast: 0.25,
    sharpness: 0.5,
    background: 0,
    overlay: { ruler: 'right', mark: 'letter', greyBar: 'none', text: 'column', textHeight: 9, ink: 225 },
    encoding: { format: 'png' },
  },
  {
    name: 'compact',
    probeRadius: [46, 54],
    halfAngle: [30, 34],
    frequency: 3.2,
    axialSigma: 0.42,
    lateralSigma: 1.35,
    defocus: 0.8,
    looks: 2,
    dynamicRange: 52,
    noiseFloor: -51,
    tissueGrey: 0.4,
    gainCurve: [3, 1, -1, 0, -1, -4],
    gamma: 1.1,
    contrast: 0.45,
    sharpness: 0.25,
    background: 2,
    overlay: { ruler: 'left', mark: 'bar', greyBar: 'right', text: 'corner', textHeight: 11, ink: 180 },
    encoding: { format: 'jpeg', quality: 80 },
  },
  {
    name: 'handheld',
    probeRadius: [56, 62],
    halfAngle: [30, 32],
    frequency: 3,
    axialSigma: 0.45,
    lateralSigma: 1.5,
    defocus: 0.9,
    looks: 2,
    dynamicRange: 48,
    noiseFloor: -50,
    tissueGrey: 0.37,
    gainCurve: [2, 2, 0, -1, -3, -6],
    gamma: 1.15,
    contrast: 0.5,
    sharpness: -0.35,
    background: 0,
    overlay: { ruler: 'right', mark: 'dot', greyBar: 'none', text: 'footer', textHeight: 9, ink: 160 },
    encoding: { format: 'jpeg', quality: 75 },
  },
  {
    name: 'labour-ward',
    probeRadius: [58, 62],
    halfAngle: [32, 35],
    frequency: 3.5,
    axialSigma: 0.33,
    lateralSigma: 1.1,
    defocus: 0.5,
    looks: 3,
    dynamicRange: 58,
    noiseFloor: -56,
    tissueGrey: 0.46,
    gainCurve: [-1, 0, 1, 2, 1, -1],
    gamma: 0.95,
    contrast: 0.3,
    sharpness: 0.15,
    background: 0,
    overlay: { ruler: 'left', mark: 'letter', greyBar: 'left', text: 'column', textHeight: 10, ink: 210 },
    encoding: { format: 'jpeg', quality: 92 },
  },
  {
    name: 'high-contrast',
    probeRadius: [48, 56],
    halfAngle: [34, 37],
    frequency: 3.6,
    axialSigma: 0.32,
    lateralSigma: 1,
    defocus: 0.5,
    looks: 2,
    dynamicRange: 50,
    noiseFloor: -55,
    tissueGrey: 0.36,
    gainCurve: [0, -1, 0, 1, 1, 0],
    gamma: 1.2,
    contrast: 0.7,
    sharpness: 0.4,
    background: 0,
    overlay: { ruler: 'right', mark: 'letter', greyBar: 'right', text: 'corner', textHeight: 10, ink: 235 },
    encoding: { format: 'jpeg', quality: 90 },
  },
  {
    name: 'soft-compound',
    probeRadius: [52, 60],
    halfAngle: [32, 36],
    frequency: 3.6,
    axialSigma: 0.34,
    lateralSigma: 1.1,
    defocus: 0.4,
    looks: 4,
    dynamicRange: 62,
    noiseFloor: -57,
    tissueGrey: 0.47,
    gainCurve: [1, 1, 0, 0, 1, 1],
    gamma: 1,
    contrast: 0.1,
    sharpness: -0.5,
    background: 4,
    overlay: { ruler: 'right', mark: 'dot', greyBar: 'left', text: 'footer', textHeight: 10, ink: 190 },
    encoding: { format: 'png' },
  },
  {
    name: 'legacy',
    probeRadius: [40, 48],
    halfAngle: [30, 34],
    frequency: 3,
    axialSigma: 0.45,
    lateralSigma: 1.4,
    defocus: 0.9,
    looks: 2,
    dynamicRange: 48,
    noiseFloor: -50,
    tissueGrey: 0.42,
    gainCurve: [4, 2, -2, 1, -2, -3],
    gamma: 1,
    contrast: 0.6,
    sharpness: 0.6,
    background: 10,
    overlay: { ruler: 'left', mark: 'dot', greyBar: 'left', text: 'corner', textHeight: 12, ink: 230 },
    encoding: { format: 'jpeg', quality: 82 },
  },
];
