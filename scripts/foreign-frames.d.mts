export const FOREIGN_KINDS: readonly string[];
export function foreignFrames(kind: string, count: number, size: number, seed?: number): Float32Array[];
export function areaUnderRoc(known: readonly number[], foreign: readonly number[]): number;
