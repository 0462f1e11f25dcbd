import type { FastifyReply } from 'fastify';
import type { ServerLimits } from './limits.js';
import { clientGone, timedOut } from './problem.js';

/**
 * A signal for the work on one request: it aborts, with a Problem as its reason, when the request's time is up or the
 * client has gone. (Fastify's own signal also aborts when the body of a request has been read.)
 */
export function deadlineOf(reply: FastifyReply, limits: ServerLimits): AbortSignal {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(timedOut(limits)), limits.milliseconds - reply.elapsedTime);
  reply.raw.once('close', () => {
    clearTimeout(timer);
    if (!reply.raw.writableFinished) controller.abort(clientGone());
  });
  return controller.signal;
}
