import { TensorError } from './errors.js';

/** A function without defaults, rest parameters or patterns: as many arguments as `length` says, no more. */
const PLAIN_PARAMETERS = /^(async\s*)?(function\b\s*)?[\w$]*\s*(\([\w$,\s]*\))?\s*(=>|\{)/;

/**
 * Whether a function takes exactly `body.length` arguments. What a parameter list that is not plain takes, JavaScript
 * does not tell, nor what a bound function does.
 */
function isExact(body: (...args: never) => unknown): boolean {
  const text = Function.prototype.toString.call(body);
  return PLAIN_PARAMETERS.test(text) && !/\barguments\b|\[native code\]/.test(text);
}

/**
 * Refuses a call with other than as many arguments as `body` has parameters; TypeScript does too, but pages have none.
 * An argument too few would meet the body as `undefined`, one too many would be dropped in silence.
 *
 * @throws TensorError with both numbers
 */
export function checkArity(body: (...args: never) => unknown, given: number): void {
  const { length } = body;
  if (given < length) {
    throw new TensorError(
      `compile: called with ${given} of ${length} arguments; give all, or let the parameter have a default.`,
    );
  }
  if (given > length && isExact(body)) {
    throw new TensorError(`compile: called with ${given} arguments, the function takes ${length}; leave out the rest.`);
  }
}
