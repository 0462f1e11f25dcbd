// y[n, i, j] = the grey of pixel (i, j) of frame indices[n]: byte/255, or with TABLES tables[n, byte].
//
// This dispatch writes the frames that lie in its chunk, from `first` on; those of other chunks are left to their
// dispatches. Four pixels share a word, the leftmost in the lowest byte. ALIGNED: rows end with a whole word, so
// results are vec4s.
//
// Grid: one invocation per word of the batch, linear.
//#uniforms
@group(0) @binding(1) var<storage, read> indices: array<u32>; // [images]
@group(0) @binding(2) var<storage, read> chunk: array<u32>; // [frames, height, ⌈width / 4⌉]
//#if ALIGNED
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>; // [images, height, width]
//#else
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
//#end if ALIGNED
//#if TABLES
@group(0) @binding(4) var<storage, read> tables: array<f32>; // [images, 256]
//#end if TABLES

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.count) { return; }
  let words = (uniforms.width + 3u) / 4u;
  let image = index / (words * uniforms.height);
  // Wraps around for a frame before the chunk, and so lies beyond its end.
  let frame = min(indices[image], uniforms.total - 1u) - uniforms.first;
  if (frame >= uniforms.frames) { return; }
  let word = chunk[(frame - image) * (words * uniforms.height) + index];
//#if TABLES
  let bytes = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
  let at = 256u * image + bytes;
  let greys = vec4f(tables[at.x], tables[at.y], tables[at.z], tables[at.w]);
//#else
  let greys = unpack4x8unorm(word);
//#end if TABLES
//#if ALIGNED
  y[index] = greys;
//#else
  let row = index / words;
  let column = 4u * (index % words);
  for (var k = 0u; k < min(4u, uniforms.width - column); k++) {
    y[row * uniforms.width + column + k] = greys[k];
  }
//#end if ALIGNED
}
