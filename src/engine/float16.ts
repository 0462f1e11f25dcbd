import { getFloat16, setFloat16 } from '@petamoriken/float16';

const view = new DataView(new ArrayBuffer(2));

/** The values of IEEE 754 binary16 numbers, given as their bits. */
export function fromFloat16(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, (bits) => {
    view.setUint16(0, bits);
    return getFloat16(view, 0);
  });
}

/** The bits of the binary16 numbers nearest to the values: infinite from 65520. */
export function toFloat16(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(values, (value) => {
    setFloat16(view, 0, value);
    return view.getUint16(0);
  });
}
