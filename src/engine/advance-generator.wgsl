// The state of a generator after one more draw: its key as it is, and the count of draws, 64 bits, increased by one.
@group(0) @binding(1) var<storage, read> state: array<u32>; // [4]: key, key, draws (low word), draws (high word)
@group(0) @binding(2) var<storage, read_write> next: array<u32>; // [4]

@compute @workgroup_size(1)
fn main() {
  let low = state[2] + 1u;
  next[0] = state[0];
  next[1] = state[1];
  next[2] = low;
  next[3] = state[3] + select(0u, 1u, low == 0u);
}
