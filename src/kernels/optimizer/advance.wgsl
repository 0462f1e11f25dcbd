// state[0] ← state[0] + 1: the optimizer's step count. GUARDED: unless the step was left out (optimizer.wgsl).
@group(0) @binding(1) var<storage, read_write> state: array<f32>;
//#if GUARDED
@group(0) @binding(2) var<storage, read> guard: array<u32>;
//#end if GUARDED

@compute @workgroup_size(1)
fn main() {
//#if GUARDED
  if ((guard[0] & 0x7f800000u) == 0x7f800000u) { return; }
//#end if GUARDED
  state[0] = state[0] + 1.0;
}
