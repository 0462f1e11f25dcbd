// y[n, i, j] = x[n] at (u, v) = M·(j, i, 1), bilinearly: with (a, b) = (⌊u⌋, ⌊v⌋) and the fractions f = u − a, g = v −
// b,
//   (1 − g)·((1 − f)·x[b, a] + f·x[b, a + 1]) + g·((1 − f)·x[b + 1, a] + f·x[b + 1, a + 1]),
// where x is 0 outside of its pixels, so that greys fade out over the pixel beyond the outermost ones.
//
// Grid: one invocation per four pixels of a row of y and group of {{WIDTH}} channels, linear, group fastest.
alias V = {{VECTOR}};

//#uniforms
@group(0) @binding(1) var<storage, read> x: array<V>;
@group(0) @binding(2) var<storage, read> matrices: array<vec2f>; // [images, 3]: a 2×3 matrix, row-major
@group(0) @binding(3) var<storage, read_write> y: array<V>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = id.y * (workgroups.x * 64u) + id.x;
  if (index >= uniforms.count) { return; }
  let group = index % uniforms.groups;
  let runs = (uniforms.out_width + 3u) / 4u;
  let run = index / uniforms.groups;
  let start = run % runs * 4u;
  let row = run / runs;
  let image = row / uniforms.out_height;
  let a = matrices[3u * image]; // m₀ m₁
  let b = matrices[3u * image + 1u]; // m₂ m₃
  let c = matrices[3u * image + 2u]; // m₄ m₅
  let along = vec2f(a.x, b.y);
  let origin = vec2f(a.y, c.x) * f32(row % uniforms.out_height) + vec2f(b.x, c.y);
  let size = vec2i(i32(uniforms.width), i32(uniforms.height));
  let first = i32(image * uniforms.height * uniforms.width);

  for (var k = 0u; k < min(4u, uniforms.out_width - start); k++) {
    // Far outside all is 0 as well, and conversion to whole numbers is safe.
    let exact = along * f32(start + k) + origin;
    let position = clamp(exact, vec2f(-2.0), vec2f(size) + 1.0);
    let cell = floor(position);
    let fraction = position - cell;
    let low = vec2i(cell);
    let high = low + 1;
    let low_inside = (low >= vec2i(0)) & (low < size);
    let high_inside = (high >= vec2i(0)) & (high < size);
    let low_weight = 1.0 - fraction;
    let high_weight = fraction;
    // Pixels outside are left out, and read inside.
    let columns = vec2i(clamp(low.x, 0, size.x - 1), clamp(high.x, 0, size.x - 1));
    let rows = first + size.x * vec2i(clamp(low.y, 0, size.y - 1), clamp(high.y, 0, size.y - 1));
    let groups = i32(uniforms.groups);
    let at = i32(group);
    let above = select(V(0.0), low_weight.x * x[(rows.x + columns.x) * groups + at], low_inside.x) +
      select(V(0.0), high_weight.x * x[(rows.x + columns.y) * groups + at], high_inside.x);
    let below = select(V(0.0), low_weight.x * x[(rows.y + columns.x) * groups + at], low_inside.x) +
      select(V(0.0), high_weight.x * x[(rows.y + columns.y) * groups + at], high_inside.x);
    let pixel = select(V(0.0), low_weight.y * above, low_inside.y) +
      select(V(0.0), high_weight.y * below, high_inside.y);
    // What is read nowhere is NaN, as with grid_sample.
    let nowhere = nanUnlessFinite(nanUnlessFinite(0.0, exact.x), exact.y);
    y[(row * uniforms.out_width + start + k) * uniforms.groups + group] = pixel + nowhere;
  }
}
