/**
 * TensorBoard's event files: records of a protobuf message each (tensorflow/core/util/event.proto), framed as TFRecord:
 * length (u64), masked CRC-32C of the length, the message, masked CRC-32C of the message; all little-endian.
 */
import { crc32c } from '@aws-crypto/crc32c';
import { PbfWriter } from 'pbf';

/** What TensorBoard expects of a file's first record. */
const FILE_VERSION = 'brain.Event:2';

/** Numbers at one step, by the tag under which TensorBoard shows them: what stands before a slash groups charts. */
export interface ScalarEvent {
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly scalars: Readonly<Record<string, number>>;
}

/** The record that an event file begins with. @param wallTime Seconds since 1970. */
export function eventFileHeader(wallTime: number): Uint8Array {
  const event = new PbfWriter();
  event.writeDoubleField(1, wallTime);
  event.writeStringField(3, FILE_VERSION);
  return frame(event.finish());
}

export function scalarRecord({ step, wallTime, scalars }: ScalarEvent): Uint8Array {
  const event = new PbfWriter();
  event.writeDoubleField(1, wallTime);
  event.writeVarintField(2, step);
  event.writeMessage(5, writeSummary, scalars);
  return frame(event.finish());
}

function writeSummary(scalars: Readonly<Record<string, number>>, summary: PbfWriter): void {
  for (const scalar of Object.entries(scalars)) summary.writeMessage(1, writeValue, scalar);
}

function writeValue([tag, value]: readonly [string, number], message: PbfWriter): void {
  message.writeStringField(1, tag);
  message.writeFloatField(2, value);
}

function frame(message: Uint8Array): Uint8Array {
  const record = new Uint8Array(message.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(message.length), true);
  view.setUint32(8, maskedChecksum(record.subarray(0, 8)), true);
  record.set(message, 12);
  view.setUint32(12 + message.length, maskedChecksum(message), true);
  return record;
}

/** TFRecord stores checksums rotated and shifted, as those of data that hold checksums themselves are weak. */
function maskedChecksum(data: Uint8Array): number {
  const checksum = crc32c(data);
  return (((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0;
}
