import { inject } from 'vitest';

/** How often a property is tried, and with which values. */
export interface RandomCases {
  readonly count: number;
  /** Always the same values; undefined for fresh ones. */
  readonly seed: number | undefined;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** From the configuration of the tests, because a page has no environment to read it from. */
    randomCases: RandomCases;
  }
}

export const randomCases = inject('randomCases');
