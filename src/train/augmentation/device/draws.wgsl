// All that chance decides about the augmentation of a batch, as draws.ts of this folder's parent has it on the CPU: the
// same streams of philox.wgsl, at counter (block, attempt, epoch, index) under the key (seed, purpose), read in the
// same order. Words are the same bits, and so are flips and whether to blur; numbers differ by float32's rounding.
//
// A geometry that puts a landmark off the frame is drawn again, up to `attempts` times, and then the frame stays in its
// place. A frame's map is p′ = R·F·(p − c) + c + t (affine.ts); `inverses` holds the way back, p = (R·F)ᵀ·(p′ − c − t)
// + c.
//
// Grid: one invocation per image, linear.
const APPEARANCE = 0x6c6f6f6bu;
const GEOMETRY = 0x67656f6du;

//#uniforms
@group(0) @binding(1) var<storage, read> indices: array<u32>; // [images]
@group(0) @binding(2) var<storage, read> seed_and_epoch: array<u32>; // [2]
@group(0) @binding(3) var<storage, read> labels: array<vec2f>; // [frames, 3], px
@group(0) @binding(4) var<storage, read_write> factors: array<f32>; // [images, 3]: brightness, contrast, contrast first
@group(0) @binding(5) var<storage, read_write> sigmas: array<f32>; // [images], px
// [images, 5]: horizontal flip, vertical flip, rotation in degrees, translation x and y in px of a 512 px frame
@group(0) @binding(6) var<storage, read_write> geometry: array<f32>;
@group(0) @binding(7) var<storage, read_write> inverses: array<f32>; // [images, 6]
@group(0) @binding(8) var<storage, read_write> landmarks: array<vec2f>; // [images, 3], px

fn chance(word: u32, possible: u32, last: u32) -> bool {
  return possible == 1u && word <= last;
}

fn uniform_from(word: u32, low: f32, high: f32) -> f32 {
  return low + (high - low) * (f32(word) * 2.3283064365386963e-10);
}

// Cosine and sine of an angle in degrees, to float32's rounding and exact for quarter turns: the built-in ones may be
// off by 2⁻¹¹. The angle is brought to ±45°, where a few terms of the series are enough.
fn direction(degrees: f32) -> vec2f {
  let quarters = round(degrees / 90.0);
  let a = (degrees - 90.0 * quarters) * 0.017453292519943295;
  let s = a * a;
  let cosine = 1.0 - s / 2.0 * (1.0 - s / 12.0 * (1.0 - s / 30.0 * (1.0 - s / 56.0 * (1.0 - s / 90.0))));
  let sine = a * (1.0 - s / 6.0 * (1.0 - s / 20.0 * (1.0 - s / 42.0 * (1.0 - s / 72.0))));
  let quadrant = u32(i32(quarters) + 4) % 4u;
  let turned = select(vec2f(cosine, sine), vec2f(-sine, cosine), quadrant % 2u == 1u);
  return select(turned, -turned, quadrant >= 2u);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let image = id.y * (workgroups.x * 64u) + id.x;
  if (image >= uniforms.images) { return; }
  // A frame that an epoch takes more than once has a number for each time, all equal modulo the frames.
  let index = indices[image];
  let frame = index % uniforms.frames;
  let seed = seed_and_epoch[0];
  let epoch = seed_and_epoch[1];

  let look = philox(vec4u(0u, 0u, epoch, index), vec2u(seed, APPEARANCE));
  let blur = philox(vec4u(1u, 0u, epoch, index), vec2u(seed, APPEARANCE));
  factors[3u * image] = uniform_from(look.x, uniforms.brightness_low, uniforms.brightness_high);
  factors[3u * image + 1u] = uniform_from(look.y, uniforms.contrast_low, uniforms.contrast_high);
  factors[3u * image + 2u] = select(0.0, 1.0, look.z < 0x80000000u);
  let blurred = chance(look.w, uniforms.blur_possible, uniforms.blur_last);
  sigmas[image] = select(0.0, uniform_from(blur.x, uniforms.sigma_low, uniforms.sigma_high), blurred);

  let centre = vec2f((uniforms.size - 1.0) / 2.0);
  let points = array<vec2f, 3>(labels[3u * frame], labels[3u * frame + 1u], labels[3u * frame + 2u]);
  for (var attempt = 0u; attempt <= uniforms.attempts; attempt++) {
    let a = philox(vec4u(0u, attempt, epoch, index), vec2u(seed, GEOMETRY));
    let b = philox(vec4u(1u, attempt, epoch, index), vec2u(seed, GEOMETRY));
    // Past the last attempt the frame stays where it is.
    let moves = attempt < uniforms.attempts;
    let horizontal = moves && chance(a.x, uniforms.horizontal_possible, uniforms.horizontal_last);
    let vertical = moves && chance(a.y, uniforms.vertical_possible, uniforms.vertical_last);
    let degrees = select(0.0, uniform_from(a.z, -uniforms.rotation, uniforms.rotation), moves);
    let drawn = vec2f(
      uniform_from(a.w, -uniforms.translation, uniforms.translation),
      uniform_from(b.x, -uniforms.translation, uniforms.translation),
    );
    let translation = select(vec2f(0.0), drawn, moves);

    let turn = direction(degrees);
    // The columns of R·F.
    let x_axis = turn * select(1.0, -1.0, horizontal);
    let y_axis = vec2f(-turn.y, turn.x) * select(1.0, -1.0, vertical);
    let shift = translation * (uniforms.size / 512.0);
    var inside = true;
    for (var k = 0u; k < 3u; k++) {
      let from_centre = points[k] - centre;
      let moved = x_axis * from_centre.x + y_axis * from_centre.y + centre + shift;
      landmarks[3u * image + k] = moved;
      // Half a pixel beyond the centres of the outermost pixels the frame ends.
      inside = inside && all(moved >= vec2f(-0.5)) && all(moved <= vec2f(uniforms.size - 0.5));
    }
    if (inside || !moves) {
      let moved_centre = centre + shift;
      let first = 6u * image;
      inverses[first] = x_axis.x;
      inverses[first + 1u] = x_axis.y;
      inverses[first + 2u] = centre.x - dot(x_axis, moved_centre);
      inverses[first + 3u] = y_axis.x;
      inverses[first + 4u] = y_axis.y;
      inverses[first + 5u] = centre.y - dot(y_axis, moved_centre);
      geometry[5u * image] = select(0.0, 1.0, horizontal);
      geometry[5u * image + 1u] = select(0.0, 1.0, vertical);
      geometry[5u * image + 2u] = degrees;
      geometry[5u * image + 3u] = translation.x;
      geometry[5u * image + 4u] = translation.y;
      return;
    }
  }
}
