import type { Readable } from 'node:stream';

/**
 * All that has been written to a stream and not been read yet: `read()` gives that up to Node.js 24, later a chunk at a
 * time.
 */
export function writtenTo(stream: Readable): string {
  let text = '';
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) text += chunk;
  return text;
}
