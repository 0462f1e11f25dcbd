import { uniforms } from 'sonde/engine';

/** What the kernel is told, by name. */
export const rowUniforms = uniforms({ rows: 'u32', length: 'u32', backwards: 'u32' });

/** Lanes that work on one row together. */
export const LANES = 64;

/**
 * y[r, i] = Σ x[r, j] over j ≤ i; from the other end, over j ≥ i, where `backwards` is 1.
 *
 * A workgroup takes a row, {{LANES}} elements at a time. Hillis and Steele's scan: in step s every lane adds what lies
 * 2ˢ lanes before it, so that after log₂ {{LANES}} steps each holds the sum up to itself. `carry` is the sum of the
 * blocks before.
 *
 * Grid: one workgroup per row, folded over two dimensions.
 */
export const template = /* wgsl */ `
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<f32, {{LANES}}>;

@compute @workgroup_size({{LANES}})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let row = workgroup.y * workgroups.x + workgroup.x;
  if (row >= uniforms.rows) { return; }
  let lane = local.x;
  var carry = 0.0;
  for (var start = 0u; start < uniforms.length; start += {{LANES}}u) {
    let i = start + lane;
    let inside = i < uniforms.length;
    let at = row * uniforms.length + select(i, uniforms.length - 1u - i, uniforms.backwards == 1u);
    sums[lane] = 0.0;
    if (inside) { sums[lane] = x[at]; }
    workgroupBarrier();
    for (var distance = 1u; distance < {{LANES}}u; distance *= 2u) {
      var before = 0.0;
      if (lane >= distance) { before = sums[lane - distance]; }
      workgroupBarrier();
      sums[lane] += before;
      workgroupBarrier();
    }
    if (inside) { y[at] = carry + sums[lane]; }
    carry += sums[{{LANES}}u - 1u];
    workgroupBarrier();
  }
}
`;
