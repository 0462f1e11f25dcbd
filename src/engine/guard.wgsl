// Checked mode: the words behind values, and in results before a kernel writes them. Stands before scan.wgsl and
// poison.wgsl; guard.ts has the same. Each is NaN, read as f32 or as two f16, so that a kernel that uses one shows it.
// Two buffers differ at the same position unless their salts are equal modulo 2¹⁵, and so do neighbouring positions of
// one.
fn guard_word(salt: u32, position: u32) -> u32 {
  let bits = salt * 0x6a3du + position * 0x9e37u;
  return 0x7f807c01u | ((bits & 0x3fu) << 16u) | ((bits >> 5u) & 0x3feu);
}
