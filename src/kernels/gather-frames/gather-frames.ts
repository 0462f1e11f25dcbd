import { type Operation, record, ShapeError, type Tensor } from '../../engine/index.js';
import * as kinds from '../../engine/kinds.js';
import { F32, type Operands, U32 } from '../../engine/operands.js';
import { formatShape, sizeOf, type TensorSpec } from '../../engine/shape.js';
import { signature } from '../../engine/signature.js';
import { kernel, uniforms } from '../../engine/wgsl/index.js';
import { linearGrid } from '../grid.js';
import gatherKernel from './gather-frames.wgsl';

export interface GatherFramesOptions {
  /** Height and width of a frame, px. */
  readonly size: readonly [height: number, width: number];
  /** The grey that each byte stands for, [N, 256]; without it byte b is b/255. */
  readonly tables?: Tensor;
}

interface Attributes {
  readonly size: readonly [number, number];
}

const size = kinds.two(kinds.whole(1));
const bytes = kinds.typed(Uint8Array, Uint8ClampedArray);
const wordsPerFrameTakes = signature('wordsPerFrame', { size });
const packFramesTakes = signature('packFrames', { frames: kinds.list('Uint8Arrays', bytes), size });
const gatherFramesTakes = signature<GatherFramesOptions>(
  'gatherFrames',
  { chunks: kinds.tensors, indices: kinds.tensor },
  { size, tables: kinds.optional(kinds.tensor) },
);

/**
 * Words that a frame takes: four pixels each, the leftmost in the lowest byte, and every row begins with a new word.
 */
export function wordsPerFrame(size: readonly [height: number, width: number]): number {
  wordsPerFrameTakes(arguments);
  const [height, width] = size;
  return height * Math.ceil(width / 4);
}

/**
 * 8-bit frames as {@link gatherFrames} reads them.
 *
 * @param frames Pixels of each frame, row-major, height·width of them.
 * @returns [frames · wordsPerFrame] words.
 */
export function packFrames(
  frames: readonly Uint8Array[],
  size: readonly [height: number, width: number],
): Uint32Array<ArrayBuffer> {
  packFramesTakes(arguments);
  const [height, width] = size;
  const words = new Uint32Array(frames.length * wordsPerFrame(size));
  // Typed arrays of every platform that runs WebGPU are little-endian.
  const bytes = new Uint8Array(words.buffer);
  const rowBytes = 4 * Math.ceil(width / 4);
  for (const [i, frame] of frames.entries()) {
    if (frame.length !== height * width) {
      throw new ShapeError(
        `packFrames: frame ${i} has ${frame.length} pixels; a frame of ${height}×${width} has ${height * width}.`,
      );
    }
    for (let row = 0; row < height; row++) {
      bytes.set(frame.subarray(row * width, (row + 1) * width), (i * height + row) * rowBytes);
    }
  }
  return words;
}

/**
 * A batch of frames out of a collection of 8-bit ones that lives on the device, as greys. The collection may be spread
 * over several tensors, since none can be larger than a binding. Forward only: there is no gradient, not by the tables
 * either.
 *
 * @param chunks The collection in order: u32 [frames, wordsPerFrame(size)] each, as {@link packFrames} lays frames out.
 * @param indices Positions in the collection, u32 [N]. One beyond the last frame means the last.
 * @returns [N, height, width, 1].
 * @throws ShapeError for indices, chunks or tables of another shape or type.
 */
export function gatherFrames(chunks: readonly Tensor[], indices: Tensor, options: GatherFramesOptions): Tensor {
  gatherFramesTakes(arguments);
  const { size, tables } = options;
  if (tables) return record(gatherThroughTables, [indices, tables, ...chunks], { size })[0];
  return record(gatherBytes, [indices, ...chunks], { size })[0];
}

const gatherBytes = gatherOperation(false, { indices: U32, chunks: U32 });
const gatherThroughTables = gatherOperation(true, { indices: U32, tables: F32, chunks: U32 });

function gatherOperation(hasTables: boolean, operands: Operands): Operation<Attributes> {
  return {
    name: 'gatherFrames',
    operands,

    shape([indices, ...rest], { size }) {
      checkIndices('gatherFrames', indices);
      const [images] = indices.shape;
      const chunks = hasTables ? rest.slice(1) : rest;
      if (hasTables && formatShape(rest[0].shape) !== `${images}×256`) {
        throw new ShapeError(
          `gatherFrames: tables are ${formatShape(rest[0].shape)}; ${images} indices need ${images}×256.`,
        );
      }
      const words = wordsPerFrame(size);
      for (const { shape } of chunks) {
        if (shape.length === 2 && shape[1] === words) continue;
        throw new ShapeError(
          `gatherFrames: a chunk is ${formatShape(shape)}; frames of ${size.join('×')} take [frames, ${words}].`,
        );
      }
      if (chunks.length === 0) throw new ShapeError('gatherFrames: there is no chunk of frames; give at least one.');
      return [{ shape: [images, ...size, 1], dtype: 'f32' }];
    },

    /** One dispatch for each chunk, which writes the frames that lie in it. */
    lower(lowering, [indices, ...rest], [y], { size }) {
      const [height, width] = size;
      const tables = hasTables ? rest.slice(0, 1) : [];
      const chunks = hasTables ? rest.slice(1) : rest;
      const [images] = indices.shape;
      const count = images * wordsPerFrame(size);
      const total = chunks.reduce((sum, { shape }) => sum + shape[0], 0);
      let first = 0;
      for (const chunk of chunks) {
        lowering.dispatch({
          label: 'gatherFrames',
          ...kernel(gatherKernel, {
            constants: { ALIGNED: width % 4 === 0, TABLES: hasTables },
            uniforms: chunkUniforms({ count, height, width, first, frames: chunk.shape[0], total }),
          }),
          bindings: [indices, chunk, y, ...tables],
          writes: [2],
          workgroups: linearGrid(count),
          flops: sizeOf(y.shape),
        });
        first += chunk.shape[0];
      }
    },
  };
}

const chunkUniforms = uniforms({
  count: 'u32',
  height: 'u32',
  width: 'u32',
  /** Frames before those of this chunk, in it and in all. */
  first: 'u32',
  frames: 'u32',
  total: 'u32',
});

/** @throws ShapeError unless a tensor is a list of positions. */
export function checkIndices(name: string, { shape }: TensorSpec): void {
  if (shape.length === 1) return;
  throw new ShapeError(`${name}: indices are ${formatShape(shape)}; they must be [N].`);
}
