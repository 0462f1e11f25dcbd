enable subgroups;

// Gradient of a convolution by its weight, on registers and subgroup broadcasts.
//
//   gw[o, i, j, k] = sum over n, oh, ow of gy[n, oh, ow, o] * x[n, oh * stride - padding + i * dilation, ..., k]
//
// GEMM view: M = o, N = (i, j, k) as it lies in memory, K = (n, oh, ow), cut into slabs of whole rows (n, oh).
// Tile: one subgroup makes ROWS values of o x COLUMNS = LANES*WIDTH values of (i, j, k). A lane holds WIDTH neighbouring k of
// its own tap and loads them for each position; the ROWS = 4 * QUADS values of gy, four to a lane, are broadcast. One load of gy
// covers SHARED neighbouring positions, LANES / QUADS at most.
// Each slab's sum goes to its own part of `partial`; sum-slabs.wgsl adds the parts in order (no atomics: same bits every run).
// Grid: x: column tiles, y: row tiles, z: slabs * groups.

struct Shape {
  inH: u32, inW: u32, inC: u32,
  outH: u32, outW: u32, outC: u32,
  strideH: u32, strideW: u32, paddingH: u32, paddingW: u32, dilationH: u32, dilationW: u32,
  kernelW: u32, groupIn: u32, groupOut: u32, columns: u32,
  groups: u32, lines: u32, slabLines: u32, size: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<{{ACC}}>;
//#if VECTOR_OUT
@group(0) @binding(2) var<storage, read> gy: array<vec4f>;
//#else
@group(0) @binding(2) var<storage, read> gy: array<f32>;
//#end
@group(0) @binding(3) var<storage, read_write> partial: array<{{ACC}}>;

// Four values of gy from channel `channel` of position `at` on.
fn loadGradient(at: u32, channel: u32) -> vec4f {
//#if VECTOR_OUT
  return gy[(at + min(channel, shape.groupOut - 4u)) / 4u];
//#else
  let last = shape.groupOut - 1u;
  return vec4f(
    gy[at + min(channel, last)],
    gy[at + min(channel + 1u, last)],
    gy[at + min(channel + 2u, last)],
    gy[at + min(channel + 3u, last)],
  );
//#end
}

@compute @workgroup_size({{LANES}})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x;
  let slab = group.z / shape.groups;
  let channelGroup = group.z - slab * shape.groups;
  let firstRow = group.y * {{ROWS}}u;
  // This lane's part of gy: four channels of one of SHARED neighbouring positions.
  let channel = firstRow + (lane % {{QUADS}}u) * 4u;
  let neighbour = lane / {{QUADS}}u % {{SHARED}}u;
  // This lane's columns: WIDTH channels k of tap (i, j). Columns beyond the last repeat it and are not stored.
  let column = (group.x * {{LANES}}u + lane) * {{WIDTH}}u;
  let own = min(column, shape.columns - {{WIDTH}}u);
  let tap = own / shape.groupIn;
  let k = own - tap * shape.groupIn + channelGroup * shape.groupIn;
  let i = tap / shape.kernelW;
  let j = tap - i * shape.kernelW;
  let top = i32(i * shape.dilationH) - i32(shape.paddingH);
  let left = i32(j * shape.dilationW) - i32(shape.paddingW);

  //#unroll r ROWS
  var sum{{r}} = {{ACC}}();
  //#end

  let end = min((slab + 1u) * shape.slabLines, shape.lines);
  for (var line = slab * shape.slabLines; line < end; line++) {
    let image = line / shape.outH;
    let ih = i32((line - image * shape.outH) * shape.strideH) + top;
    let rowInside = u32(ih) < shape.inH;
    let rowStart = (image * shape.inH + select(0u, u32(ih), rowInside)) * shape.inW;
    for (var ow = 0u; ow < shape.outW; ow += {{SHARED}}u) {
      let q = ow + neighbour;
      let at = (line * shape.outW + min(q, shape.outW - 1u)) * shape.outC + channelGroup * shape.groupOut;
      let a = select(vec4f(), loadGradient(at, channel), q < shape.outW);
      //#unroll p SHARED
      let iw{{p}} = i32((ow + {{p}}u) * shape.strideW) + left;
      // Beyond the line both operands are zero: one alone leaves a NaN of the other.
      let inside{{p}} = rowInside && u32(iw{{p}}) < shape.inW && ow + {{p}}u < shape.outW;
      let pixel{{p}} = rowStart + select(0u, u32(iw{{p}}), inside{{p}});
      let b{{p}} = select({{ACC}}(), x[(pixel{{p}} * shape.inC + k) / {{WIDTH}}u], inside{{p}});
      //#unroll u QUADS
      //#unroll e 4
      sum{{u*4+e}} += subgroupBroadcast(a[{{e}}], {{p*QUADS+u}}u) * b{{p}};
      //#end
      //#end
      //#end
    }
  }

  let start = slab * shape.size + (channelGroup * shape.groupOut + firstRow) * shape.columns + column;
  // Stored in a loop: unrolled, the stores would take most of the compile time.
  var sums: array<{{ACC}}, {{ROWS}}>;
  //#unroll r ROWS
  sums[{{r}}] = sum{{r}};
  //#end
  let count = min({{ROWS}}u, shape.groupOut - firstRow);
  for (var r = 0u; r < count; r++) {
    if (column < shape.columns) {
      partial[(start + r * shape.columns) / {{WIDTH}}u] = sums[r];
    }
  }
}
