import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { binarySchema, healthSchema, problemSchema } from './schemas.js';

/** Answers with a problem, for a route's schema: one of each status. */
export function problems(...statuses: readonly number[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: STATUS_CODES[status],
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    ]),
  );
}

/** What every address may answer, beside what its own schema says. */
export const COMMON_PROBLEMS = problems(400, 408, 414, 421, 431, 500, 503);

/** Of a server that cannot predict now: how it is, or that it is stopping. */
export const UNHEALTHY = {
  description: STATUS_CODES[503],
  content: { 'application/json': { schema: healthSchema }, 'application/problem+json': { schema: problemSchema } },
};

/** An answer without a body: `null` is what makes the document have none. */
export function empty(description: string) {
  return z.any().meta({ type: 'null', description });
}

/** An answer that is a file. */
export function file(contentType: string, description: string) {
  return { description, content: { [contentType]: { schema: binarySchema } } };
}
