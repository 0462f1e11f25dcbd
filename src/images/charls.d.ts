/** The part of the CharLS build (emscripten, WebAssembly) that is used here. */
declare module '@cornerstonejs/codec-charls/decodewasmjs' {
  export interface JpegLSDecoder {
    /** A view of the decoder's memory to write the stream into. */
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
    /** 0: each component in a scan of its own. 1 and 2: interleaved, by line and by sample. */
    getInterleaveMode(): number | { value: number };
    /** 1 byte each up to 8 bits and 2 bytes (little endian) beyond. A view of the decoder's memory. */
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  }
  export interface CharLS {
    JpegLSDecoder: new () => JpegLSDecoder;
  }
  export default function open(options: {
    wasmBinary: Uint8Array;
    print: (line: string) => void;
    printErr: (line: string) => void;
  }): Promise<CharLS>;
}
