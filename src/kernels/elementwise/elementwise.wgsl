// result[i] = f(a[i], b[i], c[i]), where f is {{NAME}} and operands are broadcast to the result's shape.
//
// CONTIGUOUS: every operand is either of the result's shape or a single value; four elements per invocation.
// Otherwise one element per invocation: its index is split by the result's dimensions (innermost first; adjacent ones
// that all operands walk alike are merged beforehand), and each operand advances by its own strides, 0 where broadcast.
// Grid: one invocation per element or per four, in one dimension folded over two.
alias T = {{TYPE}};

//#uniforms
@group(0) @binding(1) var<storage, read> a: array<{{TYPE_A}}>;
//#if HAS_B
@group(0) @binding(2) var<storage, read> b: array<{{TYPE_B}}>;
//#end if HAS_B
//#if HAS_C
@group(0) @binding(3) var<storage, read> c: array<{{TYPE_C}}>;
//#end if HAS_C
@group(0) @binding({{RESULT_BINDING}}) var<storage, read_write> result: array<{{TYPE_RESULT}}>;

fn f(x: T, y: T, z: T) -> {{TYPE_OF_F}} {
  let p0 = T(uniforms.p0);
  let p1 = T(uniforms.p1);
  {{BODY}}
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * (groups.x * 64u) + id.x;
  if (i >= uniforms.count) { return; }
//#if CONTIGUOUS
  var x = T(a[select(i, 0u, (uniforms.single & 1u) != 0u)]);
  if ((uniforms.single & 1u) != 0u) { x = T(x.x); }
  var y = T(0);
//#if HAS_B
  y = T(b[select(i, 0u, (uniforms.single & 2u) != 0u)]);
  if ((uniforms.single & 2u) != 0u) { y = T(y.x); }
//#end if HAS_B
  var z = T(0);
//#if HAS_C
  z = T(c[select(i, 0u, (uniforms.single & 4u) != 0u)]);
  if ((uniforms.single & 4u) != 0u) { z = T(z.x); }
//#end if HAS_C
//#else
  var rest = i;
  var at = vec3u(0u);
  for (var d = 0u; d < uniforms.rank; d++) {
    let dimension = uniforms.dimensions[d];
    let index = rest % dimension.x;
    rest = rest / dimension.x;
    at += index * dimension.yzw;
  }
  let x = T(a[at.x]);
  var y = T(0);
//#if HAS_B
  y = T(b[at.y]);
//#end if HAS_B
  var z = T(0);
//#if HAS_C
  z = T(c[at.z]);
//#end if HAS_C
//#end if CONTIGUOUS
  result[i] = {{TYPE_RESULT}}({{RESULT}});
}
