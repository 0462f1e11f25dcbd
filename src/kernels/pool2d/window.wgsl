// A pooling window over [images, height, width, channels]: what the four pooling kernels share. This text stands before
// theirs.
//#uniforms

// The cells [begin, end) of an axis of the image under window o.
fn cells_under(o: u32, padding: u32, kernel: u32, stride: u32, size: u32) -> vec2u {
  return vec2u(max(o * stride, padding), min(o * stride + kernel, padding + size)) - padding;
}

fn rows_under(o: u32) -> vec2u {
  return cells_under(o, uniforms.padding_y, uniforms.kernel_height, uniforms.stride_y, uniforms.height);
}

fn columns_under(p: u32) -> vec2u {
  return cells_under(p, uniforms.padding_x, uniforms.kernel_width, uniforms.stride_x, uniforms.width);
}

// The windows [begin, end) over cell i of an axis: from ⌈(i + padding − kernel + 1) / stride⌉ to ⌊(i + padding) /
// stride⌋.
fn windows_over(i: u32, padding: u32, kernel: u32, stride: u32, count: u32) -> vec2u {
  let padded = i + padding;
  let begin = select(0u, (padded - kernel) / stride + 1u, padded >= kernel);
  return vec2u(begin, min(padded / stride + 1u, count));
}

fn windows_over_row(i: u32) -> vec2u {
  return windows_over(i, uniforms.padding_y, uniforms.kernel_height, uniforms.stride_y, uniforms.out_height);
}

fn windows_over_column(j: u32) -> vec2u {
  return windows_over(j, uniforms.padding_x, uniforms.kernel_width, uniforms.stride_x, uniforms.out_width);
}
