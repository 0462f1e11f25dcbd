import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { Problem } from './problem.js';

/** Whether a content type is `multipart/form-data`. */
export function isForm(contentType: string | undefined): contentType is string {
  return /^multipart\/form-data\b/i.test(contentType ?? '');
}

/**
 * The file in a form with the field `file` and nothing else, in memory of its own.
 *
 * @throws Problem `bad-request` for a form that is damaged, or holds another field or file; `unreadable-image` without
 * a file
 */
export async function fileOfForm(body: Uint8Array, contentType: string): Promise<Uint8Array> {
  const files: Promise<Uint8Array>[] = [];
  let [named, fields] = [0, 0];
  try {
    const parser = new Busboy({ headers: { 'content-type': contentType } as BusboyHeaders, limits: { parts: 16 } });
    parser.on('file', (name, stream) => {
      if (name === 'file') named += 1;
      const file = whole(stream);
      // When the form breaks off, the parser's own error is the one to report.
      file.catch(() => {});
      files.push(file);
    });
    parser.on('field', () => {
      fields += 1;
    });
    await pipeline(Readable.from([Buffer.from(body.buffer, body.byteOffset, body.byteLength)]), parser);
    const [file, second] = await Promise.all(files);
    if (second || fields > 0 || (file && named === 0)) {
      throw new Problem(
        'bad-request',
        `The form contains ${files.length} files, ${named} of them in the field "file", and ${fields} other fields; send one image per request, in the field "file", and parameters in the query string.`,
      );
    }
    if (file) return file;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('bad-request', 'The form is malformed or incomplete; send it again.');
  }
  throw new Problem('unreadable-image', 'The form contains no file; send one image in the field "file".');
}

async function whole(stream: NodeJS.ReadableStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as unknown as Uint8Array);
  return Uint8Array.from(Buffer.concat(chunks));
}
