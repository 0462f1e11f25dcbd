import { type DType, sizeOf, type TensorSpec } from '../engine/shape.js';

/** A channels-last tensor as rows of channel groups: four channels make a vec4 where their number allows it. */
export interface ChannelGroups {
  readonly rows: number;
  readonly groups: number;
  /** Channels in a group, 4 or 1, and the WGSL types that hold them. */
  readonly width: 4 | 1;
  readonly vector: 'vec4f' | 'f32';
  /** How the tensor keeps them. */
  readonly stored: `vec4<${DType}>` | DType;
  readonly indexVector: 'vec4u' | 'u32';
}

export function channelGroups({ shape, dtype }: TensorSpec): ChannelGroups {
  const channels = shape[shape.length - 1];
  const rows = sizeOf(shape) / channels;
  return channels % 4 === 0
    ? { rows, groups: channels / 4, width: 4, vector: 'vec4f', stored: `vec4<${dtype}>`, indexVector: 'vec4u' }
    : { rows, groups: channels, width: 1, vector: 'f32', stored: dtype, indexVector: 'u32' };
}
