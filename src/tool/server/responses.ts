import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { binarySchema, healthSchema, problemSchema } from './schemas.js';

/** Problem responses for a route's schema, one per status. */
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

/** Responses that every endpoint may give, in addition to its own schema. */
export const COMMON_PROBLEMS = problems(400, 408, 414, 421, 431, 500, 503);

/** Response of a server that cannot predict: its health, or that it is stopping. */
export const UNHEALTHY = {
  description: STATUS_CODES[503],
  content: { 'application/json': { schema: healthSchema }, 'application/problem+json': { schema: problemSchema } },
};

/** A response without a body: `null` omits it from the document. */
export function empty(description: string) {
  return z.any().meta({ type: 'null', description });
}

/** A response that is a file. */
export function file(contentType: string, description: string) {
  return { description, content: { [contentType]: { schema: binarySchema } } };
}
