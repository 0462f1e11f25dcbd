import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeGreyJpeg, encodeGreyPng, ImageError } from '../../src/images/index.js';

const ramp = Uint8Array.from({ length: 12 }, (_, i) => i * 23);

describe('decodeFrame on PNG and JPEG', () => {
  it('reads back the exact greys of a PNG, whatever the file is called', async () => {
    const png = await encodeGreyPng({ width: 4, height: 3, pixels: ramp });
    const frame = await decodeFrame(png, 'ultrasound.jpg');
    expect([frame.width, frame.height]).toEqual([4, 3]);
    expect(Array.from(frame.pixels, (v) => Math.round(v * 255 * 1e4) / 1e4)).toEqual([...ramp]);
  });

  it('reads JPEG, with the losses of JPEG', async () => {
    const smooth = Uint8Array.from({ length: 64 * 64 }, (_, i) => 40 + 2 * (i % 64));
    const frame = await decodeFrame(await encodeGreyJpeg({ width: 64, height: 64, pixels: smooth }, 95), 'a.jpg');
    const worst = frame.pixels.reduce((most, v, i) => Math.max(most, Math.abs(v * 255 - smooth[i])), 0);
    expect(worst).toBeLessThan(4);
  });

  it('keeps the levels of a 16-bit PNG', async () => {
    const levels = Uint16Array.from([0, 1, 2, 257, 30_001, 65_535]);
    const png = await sharp(levels, { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const frame = await decodeFrame(png, 'a.png');
    expect(Array.from(frame.pixels, (v) => Math.round(v * 65_535))).toEqual([...levels]);
  });

  it('turns colour into luma by Rec. 601 and drops alpha', async () => {
    const rgba = Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 10, 0, 0, 255, 0, 90, 90, 90, 128]);
    const png = await sharp(rgba, { raw: { width: 4, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const { pixels } = await decodeFrame(png, 'a.png');
    for (const [i, luma] of [0.299, 0.587, 0.114, 90 / 255].entries()) expect(pixels[i]).toBeCloseTo(luma, 6);
  });

  it('takes values as stored, whatever colour profile is attached', async () => {
    const red = Uint8Array.from({ length: 48 }, (_, i) => (i % 3 === 0 ? 255 : 0));
    // Display P3 is the wider space, in which sRGB's red is stored as about (234, 51, 35).
    const png = await sharp(red, { raw: { width: 4, height: 4, channels: 3 } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    const { pixels } = await decodeFrame(png, 'a.png');
    expect(Math.abs(pixels[0] * 255 - (0.299 * 234 + 0.587 * 51 + 0.114 * 35))).toBeLessThan(2);
  });

  it('honours EXIF orientation', async () => {
    const pixels = Uint8Array.from({ length: 16 * 8 }, (_, i) => (i % 16 < 8 ? 0 : 255));
    const turned = await sharp(pixels, { raw: { width: 16, height: 8, channels: 1 } })
      .jpeg({ quality: 100 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const frame = await decodeFrame(turned, 'a.jpg');
    expect([frame.width, frame.height]).toEqual([8, 16]);
    // Orientation 6 turns the picture clockwise: its left half comes to the top.
    expect(frame.pixels[0]).toBeLessThan(0.1);
    expect(frame.pixels[15 * 8]).toBeGreaterThan(0.9);
  });
});

describe('decodeFrame on what is no frame', () => {
  const sentence = async (bytes: Uint8Array) => {
    const error = await decodeFrame(bytes, 'case 7.jpg').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ImageError);
    return (error as ImageError).message;
  };

  it('says so for an empty file', async () => {
    expect(await sentence(new Uint8Array(0))).toBe('case 7.jpg: the file is empty; copy or export it again.');
  });

  it('names the first bytes of a foreign file', async () => {
    expect(await sentence(new TextEncoder().encode('GIF89a...'))).toContain('start with 47 49 46 38');
  });

  it('refuses truncated PNG and JPEG', async () => {
    const image = { width: 40, height: 30, pixels: new Uint8Array(1200).map((_, i) => (i * 7919) % 256) };
    for (const bytes of [await encodeGreyPng(image), await encodeGreyJpeg(image, 90)]) {
      expect(await sentence(bytes.subarray(0, bytes.length >> 1))).toContain('truncated or damaged');
    }
  });

  it('refuses an absurd size before decoding it', async () => {
    const png = await encodeGreyPng({ width: 4, height: 3, pixels: ramp });
    // Width and height stand at bytes 16 to 23 of the header chunk.
    const huge = Uint8Array.from(png);
    new DataView(huge.buffer).setUint32(16, 60_000);
    new DataView(huge.buffer).setUint32(20, 50_000);
    new DataView(huge.buffer).setUint32(29, crc32(huge.subarray(12, 29)));
    expect(await sentence(huge)).toContain('60000×50000 is 3000 megapixels, more than the 100');
  });
});

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe('JPEG that codecs would read differently', () => {
  const flat = sharp({ create: { width: 8, height: 8, channels: 3, background: '#808080' } });
  const withHeader = async (change: (header: Uint8Array) => void) => {
    const bytes = new Uint8Array(await flat.clone().jpeg().toBuffer());
    const at = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    change(bytes.subarray(at));
    return bytes;
  };

  it('is refused by what it is', async () => {
    const cmyk = new Uint8Array(await flat.clone().toColourspace('cmyk').jpeg().toBuffer());
    await expect(decodeFrame(cmyk, 'a.jpg')).rejects.toThrow(
      'a.jpg: JPEG with 4 components, as for print, is not supported',
    );
    const deep = await withHeader((header) => header.fill(12, 4, 5));
    await expect(decodeFrame(deep, 'a.jpg')).rejects.toThrow('a.jpg: JPEG with 12 bits is not supported');
    for (const process of [0xc3, 0xc5, 0xc9, 0xf7]) {
      const other = await withHeader((header) => header.fill(process, 1, 2));
      await expect(decodeFrame(other, 'a.jpg')).rejects.toThrow(
        'lossless, hierarchical or arithmetic coding is not supported',
      );
    }
  });
});
