/** How many points there are of each class. */
const EACH = 200;

/** A small generator of numbers in [0, 1), so that the same points come every time (Park and Miller). */
function uniforms(seed) {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Where point `i` of a class lies, by the shape of both; `noise()` is in [-1, 1]. */
const SHAPES = {
  spirals: (i, label, noise) => {
    const along = Math.sqrt((i + 1) / EACH);
    const angle = 3.2 * Math.PI * along + Math.PI * label;
    const radius = 0.92 * along + 0.03 * noise();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  moons: (i, label, noise) => {
    const angle = (Math.PI * i) / EACH;
    const [x, y] = label === 0 ? [Math.cos(angle), Math.sin(angle)] : [1 - Math.cos(angle), 0.5 - Math.sin(angle)];
    return [0.6 * (x - 0.5) + 0.07 * noise(), 0.6 * (y - 0.25) + 0.07 * noise()];
  },
  rings: (i, label, noise) => {
    const angle = (2 * Math.PI * i) / EACH;
    const radius = (label === 0 ? 0.35 : 0.75) + 0.12 * noise();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  checkers: (i, label, noise) => {
    const [column, row] = [i % 4, Math.floor(i / 4) % 2];
    const x = column + 0.5 + 0.42 * noise();
    const y = 2 * row + ((column + label) % 2) + 0.5 + 0.42 * noise();
    return [x / 2 - 1, y / 2 - 1].map((value) => 0.92 * value);
  },
};

export const SHAPE_NAMES = Object.keys(SHAPES);

/**
 * Points of two classes.
 *
 * @param {string} shape One of `SHAPE_NAMES`
 * @returns {{ positions: Float32Array, labels: Uint8Array }} x and y in [-1, 1] of each point, and its class, 0 or 1
 */
export function makePoints(shape) {
  const random = uniforms(20251122);
  const noise = () => 2 * random() - 1;
  const positions = new Float32Array(4 * EACH);
  const labels = Uint8Array.from({ length: 2 * EACH }, (_, i) => i % 2);
  for (const [i, label] of labels.entries()) {
    positions.set(SHAPES[shape](Math.floor(i / 2), label, noise), 2 * i);
  }
  return { positions, labels };
}
