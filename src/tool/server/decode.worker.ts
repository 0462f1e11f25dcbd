import { move, transferableSymbol, valueSymbol } from 'piscina';
import sharp from 'sharp';
import { type DecodedUpload, type DecodeTask, decodeUpload } from './decoding.js';
import type { ProblemCode } from './problem.js';
import { imageProblemCode } from './problem.js';

// There is a thread for every core already.
sharp.concurrency(1);

/** Result of a decoding thread. Error classes are lost between threads, so errors are identified by their code. */
export type DecodeAnswer =
  | { readonly decoded: DecodedUpload }
  | { readonly problem: { readonly code: ProblemCode; readonly detail: string } };

/** Decodes an upload; pixels go back without being copied. */
export default async function decode(task: DecodeTask): Promise<unknown> {
  const answer = await answerTo(task);
  if (!('decoded' in answer)) return answer;
  const { frames } = answer.decoded;
  return move({
    [transferableSymbol]: frames.flatMap(({ pixels, picture }) => [pixels.buffer, picture.buffer] as ArrayBuffer[]),
    [valueSymbol]: answer,
  });
}

async function answerTo(task: DecodeTask): Promise<DecodeAnswer> {
  try {
    return { decoded: await decodeUpload(task) };
  } catch (error) {
    const code = imageProblemCode(error);
    if (code === undefined || !(error instanceof Error)) throw error;
    return { problem: { code, detail: error.message } };
  }
}
