import { ImageError } from './errors.js';

/**
 * For the next 16 bits of a stream: length of the code they begin with in the high byte, its value in the low one; 0:
 * none.
 */
export type HuffmanTable = Uint16Array;

/** Reads the tables of a DHT segment (ISO/IEC 10918-1, B.2.4.2 and annex C) into `tables`, by their identifiers. */
export function readHuffmanTables(data: Uint8Array, tables: HuffmanTable[], name: string): void {
  for (let at = 0; at + 17 <= data.length; ) {
    const [tableClass, id] = [data[at] >> 4, data[at] & 15];
    const lengths = data.subarray(at + 1, at + 17);
    at += 17;
    const table: HuffmanTable = new Uint16Array(65536);
    let code = 0;
    lengths.forEach((count, i) => {
      for (let k = 0; k < count; k++, at++) {
        const span = 1 << (15 - i);
        if (code + span > 65536 || at >= data.length) {
          throw new ImageError(`${name}: a Huffman table of its JPEG stream is damaged; export the file again.`);
        }
        table.fill(((i + 1) << 8) | data[at], code, code + span);
        code += span;
      }
    });
    // Class 1 is for coefficients, which lossless JPEG has none of.
    if (tableClass === 0) tables[id] = table;
  }
}

/** The bits of a scan, without the zero bytes that follow each FF among them. */
export class EntropyReader {
  /** At least the last `count` bits read from the stream and not yet used. */
  private bits = 0;
  private count = 0;

  constructor(
    private readonly stream: Uint8Array,
    private at: number,
    private readonly name: string,
  ) {}

  /** A difference (H.1.2.2): a coded category, and as many bits that choose within it. */
  difference(table: HuffmanTable): number {
    this.fill();
    const ahead = this.count >= 16 ? this.bits >> (this.count - 16) : this.bits << (16 - this.count);
    const entry = table[ahead & 0xffff];
    if (entry === 0 || entry >> 8 > this.count) throw this.ended();
    this.count -= entry >> 8;
    const category = entry & 255;
    if (category === 0) return 0;
    if (category >= 16) return 32768;
    this.fill();
    if (category > this.count) throw this.ended();
    this.count -= category;
    const chosen = (this.bits >> this.count) & (2 ** category - 1);
    return chosen >= 2 ** (category - 1) ? chosen : chosen - 2 ** category + 1;
  }

  /** Goes on behind the restart marker, which must come next. */
  restart(): void {
    const at = this.end();
    if (this.stream[at] !== 0xff || (this.stream[at + 1] & 0xf8) !== 0xd0) throw this.ended();
    this.at = at + 2;
    this.count = 0;
  }

  /** Where the next marker begins, once all that is coded has been read. */
  end(): number {
    let at = this.at;
    while (at < this.stream.length && (this.stream[at] !== 0xff || this.stream[at + 1] === 0)) at++;
    return at;
  }

  private fill(): void {
    while (this.count <= 16 && this.at < this.stream.length) {
      const byte = this.stream[this.at];
      if (byte === 0xff) {
        if (this.stream[this.at + 1] !== 0) return;
        this.at += 1;
      }
      this.at += 1;
      this.bits = (this.bits << 8) | byte;
      this.count += 8;
    }
  }

  private ended(): ImageError {
    return new ImageError(
      `${this.name}: its JPEG stream ends or is invalid before the frame is complete; it is truncated or damaged, export the file again.`,
    );
  }
}
