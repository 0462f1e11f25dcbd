// state[0] ← state[0] + 1: the optimiser's step count.
@group(0) @binding(1) var<storage, read_write> state: array<f32>;

@compute @workgroup_size(1)
fn main() {
  state[0] = state[0] + 1.0;
}
