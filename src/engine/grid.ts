/**
 * Workgroup counts for one invocation per element, folded over two dimensions because one is limited to 65,535
 * workgroups. The kernel recovers its index as
 * `global_id.y * (num_workgroups.x * WORKGROUP) + global_id.x` and returns when it is not below the count.
 */
export function linearGrid(count: number, workgroupSize = 64): [number, number, number] {
  const groups = Math.max(1, Math.ceil(count / workgroupSize));
  if (groups <= 65535) return [groups, 1, 1];
  const rows = Math.ceil(groups / 65535);
  return [Math.ceil(groups / rows), rows, 1];
}
