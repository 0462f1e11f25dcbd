import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { decodeSafetensors } from '../../../src/model/index.js';
import { decodeState, STATE_FILE } from '../../../src/train/index.js';

/** All that a run leaves, but for times: two runs that took the same steps have equal contents. */
export async function runContents(folder: string) {
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8');
  const lines = text.split('\n').slice(0, -1);
  const { position, tensors } = decodeState(await readFile(join(folder, STATE_FILE)), STATE_FILE);
  const { seconds, line, ...timeless } = position;
  const rows = parse<Record<string, unknown>>(await readFile(join(folder, 'metrics.csv')), { columns: true });
  return {
    table: rows.map(withoutTimes),
    metrics: lines.map((one) => withoutTimes(JSON.parse(one))),
    position: { ...timeless, line: line && withoutTimes(line) },
    tensors: bitsOf(tensors),
    best: await weights(folder, 'best'),
    last: await weights(folder, 'last'),
  };
}

function withoutTimes({ imagesPerSecond, time, ...line }: Record<string, unknown>) {
  return line;
}

async function weights(folder: string, name: string) {
  const { tensors, metadata } = decodeSafetensors(await readFile(join(folder, `${name}.safetensors`)));
  return { epoch: metadata.epoch, tensors: bitsOf(tensors) };
}

/** Bytes, so that numbers which are equal but not the same (0 and −0) count as different, and NaN as itself. */
function bitsOf(tensors: ReturnType<typeof decodeSafetensors>['tensors']) {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    ]),
  );
}
