// Gradient of a convolution by its weight, on registers and subgroup broadcasts.
//
//   gw[o, i, j, k] = sum over n, oh, ow of gy[n, oh, ow, o] * x[n, oh * stride - padding + i * dilation, ..., k]
//
// GEMM view: M = o, N = (i, j, k) as it lies in memory, K = (n, oh, ow), cut into splits of whole rows (n, oh). Tile:
// one subgroup makes ROWS values of o x COLUMNS = LANES*WIDTH values of (i, j, k). A lane holds WIDTH neighbouring k of
// its own tap and loads them for each position; the ROWS = 4 * QUADS values of gy, four to a lane, are broadcast. One
// load of gy covers SHARED neighbouring positions, LANES / QUADS at most. Each split's sum goes to its own part of
// `partial`; sum-splits.wgsl adds the parts in order (no atomics: same bits every run). Grid: x: column tiles, y: row
// tiles, z: splits * groups.

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<{{ACC}}>;
//#if VECTOR_OUT
@group(0) @binding(2) var<storage, read> gy: array<vec4f>;
//#else
@group(0) @binding(2) var<storage, read> gy: array<f32>;
//#end if VECTOR_OUT
@group(0) @binding(3) var<storage, read_write> partial: array<{{ACC}}>;

// Four values of gy from channel `channel` of position `at` on.
fn loadGradient(at: u32, channel: u32) -> vec4f {
//#if VECTOR_OUT
  return gy[(at + min(channel, uniforms.groupOut - 4u)) / 4u];
//#else
  let last = uniforms.groupOut - 1u;
  return vec4f(
    gy[at + min(channel, last)],
    gy[at + min(channel + 1u, last)],
    gy[at + min(channel + 2u, last)],
    gy[at + min(channel + 3u, last)],
  );
//#end if VECTOR_OUT
}

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let split = group.z / uniforms.groups;
  let channelGroup = group.z - split * uniforms.groups;
  let firstRow = group.y * {{ROWS}}u;
  // This lane's part of gy: four channels of one of SHARED neighbouring positions.
  let channel = firstRow + (lane % {{QUADS}}u) * 4u;
  let neighbour = lane / {{QUADS}}u % {{SHARED}}u;
  // This lane's columns: WIDTH channels k of tap (i, j). Columns beyond the last repeat it and are not stored.
  let column = (group.x * {{LANES}}u + lane) * {{WIDTH}}u;
  let own = min(column, uniforms.columns - {{WIDTH}}u);
  let tap = own / uniforms.groupIn;
  let k = own - tap * uniforms.groupIn + channelGroup * uniforms.groupIn;
  let i = tap / uniforms.kernelW;
  let j = tap - i * uniforms.kernelW;
  let top = i32(i * uniforms.dilationH) - i32(uniforms.paddingH);
  let left = i32(j * uniforms.dilationW) - i32(uniforms.paddingW);

  //#unroll r ROWS
  var sum{{r}} = {{ACC}}();
  //#end unroll r

  let end = min((split + 1u) * uniforms.splitLines, uniforms.lines);
  for (var line = split * uniforms.splitLines; line < end; line++) {
    let image = line / uniforms.outH;
    let ih = i32((line - image * uniforms.outH) * uniforms.strideH) + top;
    let rowInside = u32(ih) < uniforms.inH;
    let rowStart = (image * uniforms.inH + select(0u, u32(ih), rowInside)) * uniforms.inW;
    for (var ow = 0u; ow < uniforms.outW; ow += {{SHARED}}u) {
      let q = ow + neighbour;
      let at = (line * uniforms.outW + min(q, uniforms.outW - 1u)) * uniforms.outC + channelGroup * uniforms.groupOut;
      let a = select(vec4f(), loadGradient(at, channel), q < uniforms.outW);
      //#unroll p SHARED
      let iw{{p}} = i32((ow + {{p}}u) * uniforms.strideW) + left;
      // Beyond the line both operands are zero: one alone leaves a NaN of the other.
      let inside{{p}} = rowInside && u32(iw{{p}}) < uniforms.inW && ow + {{p}}u < uniforms.outW;
      let pixel{{p}} = rowStart + select(0u, u32(iw{{p}}), inside{{p}});
      let b{{p}} = select({{ACC}}(), x[(pixel{{p}} * uniforms.inC + k) / {{WIDTH}}u], inside{{p}});
      //#unroll u QUADS
      //#unroll e 4
      sum{{u*4+e}} += subgroupBroadcast(a[{{e}}], {{p*QUADS+u}}u) * b{{p}};
      //#end unroll e
      //#end unroll u
      //#end unroll p
    }
  }

  let start = split * uniforms.size + (channelGroup * uniforms.groupOut + firstRow) * uniforms.columns + column;
  // Stored in a loop: unrolled, the stores would take most of the compile time.
  var sums: array<{{ACC}}, {{ROWS}}>;
  //#unroll r ROWS
  sums[{{r}}] = sum{{r}};
  //#end unroll r
  let count = min({{ROWS}}u, uniforms.groupOut - firstRow);
  for (var r = 0u; r < count; r++) {
    if (column < uniforms.columns) {
      partial[(start + r * uniforms.columns) / {{WIDTH}}u] = sums[r];
    }
  }
}
