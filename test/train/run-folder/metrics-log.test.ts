import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import protobuf from 'protobufjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { MetricsLog } from '../../../src/train/run-folder/metrics-log.js';
import { temporaryFolder } from '../dataset/temporary.js';

const lines = [1, 2, 300].map((epoch) => ({
  epoch,
  learningRate: 5.352137134504593e-5,
  trainingLoss: 1302.25 / epoch,
  validationApd: 20.5 - 1 / epoch,
  validationAopMae: epoch === 2 ? null : 4.5,
  best: epoch !== 2,
  time: new Date(Date.UTC(2026, 0, 31, 23, 59, 0, epoch)).toISOString(),
}));

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

async function written(): Promise<MetricsLog> {
  const log = new MetricsLog(folder);
  for (const line of lines) await log.append(line);
  return log;
}

const contents = async () =>
  Promise.all(
    (await readdir(folder)).sort().map(async (name) => [name, (await readFile(join(folder, name))).toString('hex')]),
  );

describe('metrics.csv', () => {
  it('has the metrics as a table, with an empty cell where there is no value', async () => {
    await written();
    const rows = parse<Record<string, string>>(await readFile(join(folder, 'metrics.csv')), { columns: true });
    expect(rows).toEqual(
      lines.map((line) => Object.fromEntries(Object.entries(line).map(([name, value]) => [name, `${value ?? ''}`]))),
    );
  });
});

// tensorflow/core/util/event.proto and framework/summary.proto, as far as scalars need them.
const { Event } = protobuf.parse(`
  syntax = "proto3";
  message Event {
    double wall_time = 1;
    int64 step = 2;
    oneof what { string file_version = 3; Summary summary = 5; }
  }
  message Summary {
    message Value { string tag = 1; oneof value { float simple_value = 2; } }
    repeated Value value = 1;
  }`).root.nested as { Event: protobuf.Type };

/** CRC-32C by its definition, bit by bit, as TFRecord masks it. */
function maskedCrc(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The events of a file, whose framing is checked on the way. */
function eventsOf(file: Buffer) {
  const events = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(maskedCrc(file.subarray(at, at + 8)));
    const message = file.subarray(at + 12, at + 12 + length);
    expect(message).toHaveLength(length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(maskedCrc(message));
    events.push(Event.toObject(Event.decode(message), { longs: Number }));
    at += length + 16;
  }
  return events;
}

describe('the event file', () => {
  it('knows the check value of CRC-32C', () => {
    // RFC 3720, B.4: 32 bytes of zeros.
    const masked = (((0x8a9136aa >>> 15) | (0x8a9136aa << 17)) + 0xa282ead8) >>> 0;
    expect(maskedCrc(new Uint8Array(32))).toBe(masked);
  });

  it('holds the numbers of every epoch, framed and encoded as TensorBoard reads them', async () => {
    await written();
    const [first, ...others] = eventsOf(await readFile(join(folder, 'events.out.tfevents.sonde')));
    expect(first).toEqual({ wallTime: Date.parse(lines[0].time) / 1000, fileVersion: 'brain.Event:2' });
    expect(others).toEqual(
      lines.map(({ epoch, time, learningRate, trainingLoss, validationApd, validationAopMae }) => ({
        wallTime: Date.parse(time) / 1000,
        step: epoch,
        summary: {
          value: [
            { tag: 'optimizer/learning rate', simpleValue: Math.fround(learningRate) },
            { tag: 'loss/training', simpleValue: Math.fround(trainingLoss) },
            { tag: 'validation/APD (px)', simpleValue: Math.fround(validationApd) },
            ...(validationAopMae === null ? [] : [{ tag: 'validation/AoP error (degrees)', simpleValue: 4.5 }]),
          ],
        },
      })),
    );
  });
});

describe('MetricsLog.replace', () => {
  it('writes the files that appending would have written, whatever was in them', async () => {
    const log = await written();
    const whole = await contents();
    expect(whole).toHaveLength(3);
    for (const name of await readdir(folder)) await appendFile(join(folder, name), 'half a re');
    await log.replace(await log.read());
    expect(await contents()).toEqual(whole);
  });

  it('leaves none where there are no epochs, and later ones begin anew', async () => {
    const log = await written();
    const whole = await contents();
    await log.replace([]);
    expect(await readdir(folder)).toEqual([]);
    for (const line of lines) await log.append(line);
    expect(await contents()).toEqual(whole);
  });
});
