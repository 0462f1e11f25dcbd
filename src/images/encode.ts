import sharp, { type Sharp } from 'sharp';

/** 8-bit greyscale pixels, row-major. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

export async function encodeGreyPng(image: GreyImage): Promise<Uint8Array> {
  return raw(image).png().toBuffer();
}

/** @param quality 1 to 100 */
export async function encodeGreyJpeg(image: GreyImage, quality: number): Promise<Uint8Array> {
  return raw(image).jpeg({ quality }).toBuffer();
}

function raw({ width, height, pixels }: GreyImage): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
}
