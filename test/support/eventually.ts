import { vi } from 'vitest';

/** Waits until what `body` asserts holds. How long that takes says nothing: the machine may have much else to do. */
export function eventually<T>(body: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(body, { timeout: 300_000 });
}
