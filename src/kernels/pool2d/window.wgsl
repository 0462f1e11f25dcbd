// A pooling window over [images, height, width, channels]: what the four pooling kernels share. This text stands before theirs.
struct Params {
  images: u32, groups: u32, height: u32, width: u32, out_height: u32, out_width: u32,
  kernel_height: u32, kernel_width: u32, stride_y: u32, stride_x: u32, padding_y: u32, padding_x: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

// The cells [begin, end) of an axis of the image under window o.
fn cells_under(o: u32, padding: u32, kernel: u32, stride: u32, size: u32) -> vec2<u32> {
  return vec2<u32>(max(o * stride, padding), min(o * stride + kernel, padding + size)) - padding;
}

fn rows_under(o: u32) -> vec2<u32> {
  return cells_under(o, params.padding_y, params.kernel_height, params.stride_y, params.height);
}

fn columns_under(p: u32) -> vec2<u32> {
  return cells_under(p, params.padding_x, params.kernel_width, params.stride_x, params.width);
}

// The windows [begin, end) over cell i of an axis: from ⌈(i + padding − kernel + 1) / stride⌉ to ⌊(i + padding) / stride⌋.
fn windows_over(i: u32, padding: u32, kernel: u32, stride: u32, count: u32) -> vec2<u32> {
  let padded = i + padding;
  let begin = select(0u, (padded - kernel) / stride + 1u, padded >= kernel);
  return vec2<u32>(begin, min(padded / stride + 1u, count));
}

fn windows_over_row(i: u32) -> vec2<u32> {
  return windows_over(i, params.padding_y, params.kernel_height, params.stride_y, params.out_height);
}

fn windows_over_column(j: u32) -> vec2<u32> {
  return windows_over(j, params.padding_x, params.kernel_width, params.stride_x, params.out_width);
}
