// One pass of a merge sort along the middle axis of x [outer, extent, inner], of positions rather than values: `before`
// holds the positions of elements in sorted runs of `run`, `after` those of runs twice as long.
//
// Each element finds its own place: as many places from the start of the pair of runs as elements precede it, those
// before it in its own run, and those of the other, which a binary search counts. Of equal elements those of the left
// run precede, so the sort is stable. Elements are compared as whole numbers (`key`), in which NaN is the largest and
// −0 equals 0.
// Grid: one invocation per element.
//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{X}}>;
//#if FIRST
@group(0) @binding(2) var<storage, read_write> after: array<u32>;
//#else
@group(0) @binding(2) var<storage, read> before: array<u32>;
@group(0) @binding(3) var<storage, read_write> after: array<u32>;
//#end if FIRST

fn key(at: u32) -> u32 {
//#if FLOAT
  let bits = bitcast<u32>(f32(x[at]));
  let magnitude = bits & 0x7fffffffu;
  var ordered = select(bits ^ 0x80000000u, ~bits, bits > 0x80000000u);
  if (magnitude == 0u) { ordered = 0x80000000u; }
  if (magnitude > 0x7f800000u) { ordered = 0xffffffffu; }
//#end if FLOAT
//#if SIGNED
  let ordered = bitcast<u32>(x[at]) ^ 0x80000000u;
//#end if SIGNED
//#if UNSIGNED
  let ordered = x[at];
//#end if UNSIGNED
//#if DESCENDING
  return ~ordered;
//#else
  return ordered;
//#end if DESCENDING
}

// The position of the element that a run has at place p.
fn position(first: u32, p: u32) -> u32 {
//#if FIRST
  return p;
//#else
  return before[first + p * uniforms.inner];
//#end if FIRST
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let element = id.y * (groups.x * 64u) + id.x;
  if (element >= uniforms.count) { return; }
  let i = element % uniforms.inner;
  let p = element / uniforms.inner % uniforms.extent;
  let first = element / uniforms.inner / uniforms.extent * uniforms.extent * uniforms.inner + i;
  let run = p / uniforms.run;
  let left = run % 2u == 0u;
  let pair = (run - run % 2u) * uniforms.run;
  let own = position(first, p);
  let value = key(first + own * uniforms.inner);
  let start = min(select(pair, pair + uniforms.run, left), uniforms.extent);
  var low = start;
  var high = min(start + uniforms.run, uniforms.extent);
  while (low < high) {
    let middle = (low + high) / 2u;
    let other = key(first + position(first, middle) * uniforms.inner);
    if (other < value || (!left && other == value)) { low = middle + 1u; } else { high = middle; }
  }
  let place = pair + (p - run * uniforms.run) + (low - start);
  after[first + place * uniforms.inner] = own;
}
