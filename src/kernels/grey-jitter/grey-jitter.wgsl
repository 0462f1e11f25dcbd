// tables[n, b] = the grey of byte b of frame indices[n] after two steps, each clamp(f·g + (1 − f)·m, 0, 1) with the
// factor f: brightness, with m = 0, and contrast, with m the mean grey of what the step before has left, in the order
// that factors[n] says. The mean is Σ_b count[b]·g[b] / Σ_b count[b], from the frame's histogram.
//
// Grid: one workgroup per image, one invocation per byte value.
//#uniforms
@group(0) @binding(1) var<storage, read> histograms: array<u32>; // [frames, 256]
@group(0) @binding(2) var<storage, read> indices: array<u32>; // [images]
@group(0) @binding(3) var<storage, read> factors: array<f32>; // [images, 3]: brightness, contrast, contrast first
@group(0) @binding(4) var<storage, read_write> tables: array<f32>; // [images, 256]

var<workgroup> sums: array<vec2f, 256>; // pixels, and the sum of their greys

fn blend(grey: f32, factor: f32, other: f32) -> f32 {
  let blended = factor * grey + (1.0 - factor) * other;
  // Of an infinite factor the sum is inf - inf, unless a compiler has rearranged it.
  return nanUnlessFinite(keepNan(clamp(blended, 0.0, 1.0), blended), factor);
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) byte: u32,
) {
  let group = workgroup.y * workgroups.x + workgroup.x;
  // A surplus workgroup meets its barriers too.
  let image = min(group, uniforms.images - 1u);
  let frame = min(indices[image], uniforms.frames - 1u);
  let brightness = factors[3u * image];
  let contrast = factors[3u * image + 1u];
  let contrast_first = factors[3u * image + 2u] > 0.5;

  let grey = f32(byte) / 255.0;
  let before = select(blend(grey, brightness, 0.0), grey, contrast_first);
  let pixels = f32(histograms[256u * frame + byte]);
  sums[byte] = vec2f(pixels, pixels * before);
  for (var half = 128u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (byte < half) { sums[byte] += sums[byte + half]; }
  }
  workgroupBarrier();
  let mean = sums[0].y / sums[0].x;

  let contrasted = blend(before, contrast, mean);
  let result = select(contrasted, blend(contrasted, brightness, 0.0), contrast_first);
  if (group < uniforms.images) { tables[256u * image + byte] = result; }
}
