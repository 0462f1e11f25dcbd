import type { Lowering } from '../engine/index.js';

/**
 * The lanes of a subgroup, where that is what should join the parts of a row instead of workgroup memory: on a software
 * driver, which compiles barriers slowly and gains nothing by them. Undefined elsewhere.
 */
export function joiningSubgroup({ adapter }: Pick<Lowering, 'adapter'>): number | undefined {
  return adapter.software && adapter.subgroups ? adapter.subgroupSize : undefined;
}
