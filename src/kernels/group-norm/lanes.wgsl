// What the kernels of group normalization share: which values of a group are a lane's, and sums over the lanes.

struct Part {
  // The group's first channel, and its first value.
  channel: u32,
  first: u32,
  // Of the group's channels a lane takes every `columns`-th from its column on, at every `rows`-th position from its
  // row on.
  column: u32,
  columns: u32,
  row: u32,
  rows: u32,
}

fn partOf(index: u32, lane: u32) -> Part {
  let channel = index % uniforms.groups * uniforms.width;
  let first = index / uniforms.groups * uniforms.positions * uniforms.channels + channel;
  let columns = min(uniforms.width, {{LANES}}u);
  let rows = {{LANES}}u / columns;
  // Lanes that are left over take none.
  let row = select(uniforms.positions, lane / columns, lane / columns < rows);
  return Part(channel, first, lane % columns, columns, row, rows);
}

//#if PARALLEL
var<workgroup> sums: array<f32, {{LANES}}>;
//#end if PARALLEL

fn join(lane: u32, value: f32) -> f32 {
//#if PARALLEL
  workgroupBarrier();
  sums[lane] = value;
  for (var half = {{LANES}}u / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { sums[lane] += sums[lane + half]; }
  }
  workgroupBarrier();
  return sums[0];
//#else
  return value;
//#end if PARALLEL
}
