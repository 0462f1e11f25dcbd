/** The part of the CharLS build with its encoder that tests use. */
declare module '@cornerstonejs/codec-charls/wasmjs' {
  export interface JpegLSEncoder {
    getDecodedBuffer(info: {
      width: number;
      height: number;
      bitsPerSample: number;
      componentCount: number;
    }): Uint8Array;
    setNearLossless(largestError: number): void;
    setInterleaveMode(mode: number): void;
    encode(): void;
    getEncodedBuffer(): Uint8Array;
    delete(): void;
  }
  export default function open(options: {
    wasmBinary: Uint8Array;
  }): Promise<{ JpegLSEncoder: new () => JpegLSEncoder }>;
}
