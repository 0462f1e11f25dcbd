import { STATUS_CODES } from 'node:http';
import type { FastifySchemaValidationError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { SondeError } from '../../engine/errors.js';
import { ImageError, ImageTooLargeError, UnsupportedImageError } from '../../images/index.js';
import { FrameError } from '../../model/index.js';
import type { ServerLimits } from './limits.js';

/** Problem codes; each has one status. */
const STATUS = {
  'bad-request': 400,
  'client-gone': 400,
  'not-found': 404,
  'method-not-allowed': 405,
  'request-too-slow': 408,
  'upload-too-slow': 408,
  'file-too-large': 413,
  'image-too-large': 413,
  'address-too-long': 414,
  'unsupported-image': 415,
  misdirected: 421,
  'unreadable-image': 422,
  'too-many-requests': 429,
  'headers-too-large': 431,
  'internal-error': 500,
  'no-prediction': 500,
  'device-lost': 503,
  'timed-out': 503,
  stopping: 503,
} as const;

export type ProblemCode = keyof typeof STATUS;
export const PROBLEM_CODES = Object.keys(STATUS) as ProblemCode[];

/** An error that is sent as problem details (RFC 9457). */
export class Problem extends SondeError {
  override name = 'Problem';
  readonly status: number;

  /**
   * @param detail One sentence with the numbers and the remedy
   * @param retryAfter Seconds after which the same request may succeed
   */
  constructor(
    readonly code: ProblemCode,
    detail: string,
    readonly retryAfter?: number,
  ) {
    super(detail);
    this.status = STATUS[code];
  }

  /** Body of the response, `application/problem+json`. */
  toJSON(): { type: string; title: string; status: number; code: ProblemCode; detail: string } {
    const { status, code, message } = this;
    return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, code, detail: message };
  }
}

/** Problem code of an image error; undefined for errors that are not about the image. */
export function imageProblemCode(error: unknown): ProblemCode | undefined {
  if (error instanceof UnsupportedImageError) return 'unsupported-image';
  if (error instanceof ImageTooLargeError) return 'image-too-large';
  if (error instanceof ImageError || error instanceof FrameError) return 'unreadable-image';
  return undefined;
}

/** Converts an error to a problem. Unexpected errors do not disclose their message. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = imageProblemCode(error);
  if (code !== undefined && error instanceof Error) return new Problem(code, error.message);
  if (hasZodFastifySchemaValidationErrors(error)) {
    return new Problem(
      'bad-request',
      `${error.validation.map(parameterProblem).join('; ')}; /openapi.json lists them.`,
    );
  }
  const status = numberOf(error, 'statusCode');
  if (status === 414) return new Problem('address-too-long', 'The URL is too long; /openapi.json lists all endpoints.');
  if (status !== undefined && status >= 400 && status < 500) {
    return new Problem(
      'bad-request',
      `The request cannot be parsed (${sentence(error)}); /openapi.json describes the expected format.`,
    );
  }
  return new Problem('internal-error', 'An error occurred in the server, see its log; try again.');
}

/** Describes an invalid parameter, without its value, which may identify a patient. */
function parameterProblem({ keyword, instancePath, message }: FastifySchemaValidationError): string {
  if (keyword === 'unrecognized_keys') return 'The URL has an unknown parameter';
  return `The parameter ${instancePath.slice(1)} must be ${message}`;
}

/** Problem of a request that could not be parsed. */
export function clientProblemOf({ code }: { readonly code?: string }, { patience }: ServerLimits): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new Problem(
      'request-too-slow',
      `The headers of the request were not complete after ${patience / 1000} seconds; send it again over a faster connection.`,
    );
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new Problem(
      'headers-too-large',
      'URL and headers are longer than the 16 KiB that this server accepts; shorten them.',
    );
  }
  return new Problem('bad-request', 'This is not a valid HTTP request; send it again.');
}

export function fileTooLarge({ fileBytes }: ServerLimits): Problem {
  return new Problem(
    'file-too-large',
    `The upload is larger than the ${Math.round(fileBytes / 2 ** 20)} MiB that this server accepts; send a smaller file.`,
  );
}

export function timedOut({ milliseconds }: ServerLimits): Problem {
  return new Problem(
    'timed-out',
    `The request took longer than the ${milliseconds / 1000} seconds allowed; send a smaller image, or try again when the server is less busy.`,
    5,
  );
}

/** Problem of a request whose client has disconnected. */
export function clientGone(): Problem {
  return new Problem('client-gone', 'The client has disconnected.');
}

/** Problem of requests that were on the device when it was lost. */
export function deviceLost(): Problem {
  return new Problem(
    'device-lost',
    'The GPU was lost during the prediction; the server is reopening it, send the frame again.',
    1,
  );
}

/** Problem of a frame for which the network outputs NaN. */
export function noPrediction({ message }: Error): Problem {
  return new Problem('no-prediction', message);
}

export function stopping(): Problem {
  return new Problem('stopping', 'The server is stopping; send the frame again when it is back.', 30);
}

function numberOf(error: unknown, key: string): number | undefined {
  const value = typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[key] : undefined;
  return typeof value === 'number' ? value : undefined;
}

function sentence(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/[.\s]+$/, '');
}
