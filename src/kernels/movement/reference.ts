// Data movement in float64: every result is `x` read at an index computed from the result's own.

interface NdArray {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The array of `shape` whose element at `index` is `at(index)`. */
function build(shape: readonly number[], at: (index: readonly number[]) => number): NdArray {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = Float64Array.from({ length: size }, (_, flat) => {
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return at(index);
  });
  return { shape, values };
}

function read({ shape, values }: NdArray, index: readonly number[]): number {
  return values[index.reduce((flat, at, axis) => flat * shape[axis] + at, 0)];
}

export function transposeReference(x: NdArray, axes: readonly number[]): NdArray {
  return build(
    axes.map((axis) => x.shape[axis]),
    (index) =>
      read(
        x,
        x.shape.map((_, axis) => index[axes.indexOf(axis)]),
      ),
  );
}

export function sliceReference(x: NdArray, start: readonly number[], end: readonly number[]): NdArray {
  return build(
    start.map((from, axis) => end[axis] - from),
    (index) =>
      read(
        x,
        index.map((at, axis) => at + start[axis]),
      ),
  );
}

export function padReference(x: NdArray, padding: readonly (readonly [number, number])[], value: number): NdArray {
  return build(
    x.shape.map((extent, axis) => extent + padding[axis][0] + padding[axis][1]),
    (index) => {
      const at = index.map((position, axis) => position - padding[axis][0]);
      return at.every((position, axis) => position >= 0 && position < x.shape[axis]) ? read(x, at) : value;
    },
  );
}

export function broadcastReference(x: NdArray, shape: readonly number[]): NdArray {
  const lead = shape.length - x.shape.length;
  return build(shape, (index) =>
    read(
      x,
      x.shape.map((extent, axis) => (extent === 1 ? 0 : index[axis + lead])),
    ),
  );
}

export function concatReference(arrays: readonly NdArray[], axis: number): NdArray {
  const extent = arrays.reduce((total, { shape }) => total + shape[axis], 0);
  return build(
    arrays[0].shape.map((own, d) => (d === axis ? extent : own)),
    (index) => {
      let at = index[axis];
      for (const array of arrays) {
        if (at < array.shape[axis])
          return read(
            array,
            index.map((own, d) => (d === axis ? at : own)),
          );
        at -= array.shape[axis];
      }
      throw new RangeError('index beyond the concatenation');
    },
  );
}
