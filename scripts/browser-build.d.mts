import type { OutputOptions, RolldownOutput } from 'rolldown';

/** Builds entries, by name, as ES modules for browsers. */
export function browserBuild(input: Record<string, string>, output: OutputOptions): Promise<RolldownOutput>;
