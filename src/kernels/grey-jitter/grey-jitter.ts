import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32, U32 } from '../../engine/operands.js';
import { formatShape } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { checkIndices } from '../gather-frames/gather-frames.js';
import { withNan } from '../nan.js';
import jitterKernel from './grey-jitter.wgsl';

const histogramOfTakes = signature('histogramOf', { frame: kinds.typed(Uint8Array, Uint8ClampedArray) });
const greyJitterTablesTakes = signature('greyJitterTables', {
  histograms: kinds.tensor,
  indices: kinds.tensor,
  factors: kinds.tensor,
});

/** How many pixels of an 8-bit frame have each of the 256 values. */
export function histogramOf(frame: Uint8Array): Uint32Array {
  histogramOfTakes(arguments);
  const counts = new Uint32Array(256);
  for (const byte of frame) counts[byte] += 1;
  return counts;
}

/**
 * Brightness and contrast of 8-bit frames as tables of 256 greys, for `gatherFrames`: on such frames any change of
 * single greys is a table, and the mean that contrast needs follows from the histogram, without a pass over the pixels.
 * Each frame has its own factors and order. Counterpart: torchvision's `ColorJitter` on grey images, each step clamped
 * to [0, 1], the mean taken of what the step before has left. Forward only: there is no gradient.
 *
 * @param histograms Pixels of each value for each frame of a collection, u32 [frames, 256]; below 2²⁴ each.
 * @param indices Positions in the collection, u32 [N]. One beyond the last frame means the last.
 * @param factors [N, 3]: brightness and contrast, of which 1 changes nothing, and 1 where contrast comes first, else 0.
 * @returns [N, 256].
 * @throws ShapeError for other shapes or types.
 */
export function greyJitterTables(histograms: Tensor, indices: Tensor, factors: Tensor): Tensor {
  greyJitterTablesTakes(arguments);
  return record(jitterOperation, [histograms, indices, factors], null)[0];
}

const jitterUniforms = uniforms({ images: 'u32', frames: 'u32' });

const jitterOperation: Operation<null> = {
  name: 'greyJitterTables',
  operands: { histograms: U32, indices: U32, factors: F32 },

  shape([histograms, indices, factors]) {
    checkIndices('greyJitterTables', indices);
    const [images] = indices.shape;
    if (histograms.shape.length !== 2 || histograms.shape[1] !== 256) {
      throw new ShapeError(
        `greyJitterTables: histograms are ${formatShape(histograms.shape)}; they must be [frames, 256].`,
      );
    }
    if (formatShape(factors.shape) !== `${images}×3`) {
      throw new ShapeError(
        `greyJitterTables: factors are ${formatShape(factors.shape)}; ${images} indices need ${images}×3.`,
      );
    }
    return [{ shape: [images, 256], dtype: 'f32' }];
  },

  lower(lowering, inputs, [tables]) {
    const [histograms, indices] = inputs;
    const [images] = indices.shape;
    lowering.dispatch({
      label: 'greyJitterTables',
      ...kernel(withNan(jitterKernel, 'f32'), { uniforms: jitterUniforms({ images, frames: histograms.shape[0] }) }),
      bindings: [...inputs, tables],
      writes: [3],
      workgroups: images <= 65535 ? [images, 1, 1] : [65535, Math.ceil(images / 65535), 1],
      flops: images * 256 * 8,
    });
  },
};
