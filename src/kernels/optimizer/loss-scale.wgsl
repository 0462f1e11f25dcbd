// The loss scale after a step: halved where the gradients' norm is NaN or Inf (told by its bits: drivers fold
// comparisons), doubled after `interval` good steps in a row. state = (scale, good steps since it last changed). Grid:
// one invocation.
//#uniforms
@group(0) @binding(1) var<storage, read> norm: array<u32>;
@group(0) @binding(2) var<storage, read_write> state: array<f32>;

@compute @workgroup_size(1)
fn main() {
  if ((norm[0] & 0x7f800000u) == 0x7f800000u) {
    state[0] = max(state[0] * 0.5, uniforms.least);
    state[1] = 0.0;
    return;
  }
  let good = state[1] + 1.0;
  if (good < uniforms.interval) {
    state[1] = good;
    return;
  }
  state[0] = min(state[0] * 2.0, uniforms.most);
  state[1] = 0.0;
}
