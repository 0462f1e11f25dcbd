"""Writes what PyTorch makes of NaN and infinity in every operand of every operation of the engine, for the tests.

    python3 non_finite.py ../../test/kernels/non-finite/pytorch.json

Each case is an operation with options and small inputs in the engine's layouts (images NHWC, weights
[outC, kH, kW, inC]). One value of one operand, or of the gradient that comes from above, is replaced by NaN, +inf or -inf
at a time; kept is, for every element of every result and of every gradient, whether it is finite (.), NaN (N), +inf (+) or
-inf (-), run-length encoded; where an operation chooses among values, also which.

Where PyTorch has the operation, its own function is called. Where it has none, or where its back ends disagree
(convolution at the border, normalization with infinite constants), the definition in the engine's documentation is
written out in PyTorch.
Needs torch; computes in float32 on the CPU.
"""

import functools
import itertools
import json
import math
import platform
import sys

import torch
from torch.nn import functional as F

torch.backends.mkldnn.enabled = False
torch.set_num_threads(1)

POISONS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# Operations whose results and gradients are chosen among their operands, 0 and 1: of these the table holds the values
# too.
CHOICES = {
    *("relu", "abs", "clamp", "maximum", "minimum", "equal", "greater", "max", "maxPool2d", "peak2d", "LossScaler"),
    *("notEqual", "less", "lessEqual", "greaterEqual", "logicalAnd", "logicalOr", "logicalXor", "logicalNot"),
    *("isNaN", "isInf", "isFinite", "where", "sign", "floor", "ceil", "round", "trunc", "min", "any", "all"),
    *("argmax", "argmin", "argsort", "sort", "topK"),
}
cases = []


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def values(shape, seed, kind):
    """Multiples of 1/64, which f16 holds, none of them 0 and neighbours of either sign."""
    out = []
    for i in range(math.prod(shape)):
        value = round(math.sin(i * i * 0.37 + 1.7 * i + seed) * 96) / 64
        if value == 0:
            value = 0.25
        out.append(abs(value) + 0.25 if kind == "positive" else value)
    return out


def case(operation, inputs, run, options=None, wanted=None, name=None):
    """inputs: shapes, or (shape, kind), or (shape, values); wanted: operands with a gradient, all by default."""
    drawn = []
    for position, given in enumerate(inputs):
        shape, kind = given if isinstance(given, tuple) else (given, "any")
        drawn.append({"shape": shape, "values": values(shape, position, kind) if isinstance(kind, str) else kind})
    wanted = list(range(len(inputs))) if wanted is None else wanted

    def tensors(poison=None):
        made = []
        for position, given in enumerate(drawn):
            flat = list(given["values"])
            if poison and poison[0] == position:
                flat[poison[1]] = poison[2]
            made.append(torch.tensor(flat, dtype=torch.float32).reshape(given["shape"]))
        return made

    upstream = []

    def compute(poison=None):
        leaves = [x.requires_grad_(position in wanted) for position, x in enumerate(tensors(poison))]
        results = run(*leaves)
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        if not wanted:
            return results, []
        upstream[:] = values(list(results[0].shape), len(inputs), "any")
        above = torch.tensor(upstream, dtype=torch.float32).reshape(results[0].shape)
        if poison and poison[0] == "upstream":
            above.view(-1)[poison[1]] = poison[2]
        gradients = torch.autograd.grad((results[0] * above).sum(), [leaves[i] for i in wanted])
        return [result.detach() for result in results], list(gradients)

    results, gradients = compute()
    shape = list(results[0].shape)
    for tensor in [*results, *gradients]:
        assert bool(torch.isfinite(tensor.float()).all()), (operation, options, "is not finite to begin with")
    exact = operation in CHOICES or any(sign in (options or {}).get("expression", "") for sign in "=>")
    operands = [(position, math.prod(given["shape"])) for position, given in enumerate(drawn)]
    if wanted:
        operands.append(("upstream", results[0].numel()))
    poisons = []
    for operand, size in operands:
        for index in sorted({0, size // 2, size - 1}):
            for label, value in POISONS.items():
                results, gradients = compute((operand, index, value))
                poisons.append(
                    {
                        "operand": operand,
                        "index": index,
                        "value": label,
                        "results": [classes(tensor) for tensor in results],
                        "gradients": [classes(tensor) for tensor in gradients],
                        **({"values": [numbers(tensor) for tensor in [*results, *gradients]]} if exact else {}),
                    }
                )
    cases.append(
        {
            "name": name or " ".join([operation, *(f"{key} {value}" for key, value in (options or {}).items())]),
            "operation": operation,
            "options": options or {},
            "inputs": drawn,
            "upstream": upstream if wanted else [],
            "resultShape": shape,
            "differentiable": wanted,
            "poisons": poisons,
        }
    )


def numbers(tensor):
    """The values, null for those that are not finite."""
    return [value if math.isfinite(value) else None for value in tensor.detach().reshape(-1).tolist()]


def classes(tensor):
    def one(value):
        return "N" if value != value else "+" if value == math.inf else "-" if value == -math.inf else "."

    runs = itertools.groupby(one(float(value)) for value in tensor.detach().reshape(-1))
    return "".join(f"{len(list(run))}{kind}" for kind, run in runs)


# Element by element. Seven values: not a multiple of four. The pair that broadcasts takes the kernel with strides.
X = [7]
PAIR = [[7], [7]]
SPREAD = [[2, 3, 1], [3, 2]]
for operation, run, kind in [
    ("neg", torch.neg, "any"),
    ("exp", torch.exp, "any"),
    ("log", torch.log, "positive"),
    ("sqrt", torch.sqrt, "positive"),
    ("square", torch.square, "any"),
    ("abs", torch.abs, "any"),
    ("relu", torch.relu, "any"),
    ("sigmoid", torch.sigmoid, "any"),
    ("tanh", torch.tanh, "any"),
]:
    case(operation, [(X, kind)], run)
for operation, run in [
    ("add", torch.add),
    ("sub", torch.sub),
    ("mul", torch.mul),
    ("div", torch.div),
    ("maximum", torch.maximum),
    ("minimum", torch.minimum),
]:
    case(operation, PAIR, run)
    case(operation, SPREAD, run, name=f"{operation} broadcast")
case("equal", PAIR, lambda a, b: (a == b).float(), wanted=[])
case("greater", PAIR, lambda a, b: (a > b).float(), wanted=[])
case("clamp", [X], lambda x: torch.clamp(x, -0.5, 0.5))
case("add", [X], lambda x: x + 0.5, {"number": 0.5})
case("mul", [X], lambda x: x * 3, {"number": 3})
case("mul", [X], lambda x: x * 0, {"number": 0})
case("sub", [X], lambda x: 0.5 - x, {"minuend": 0.5})
case("div", [X], lambda x: x / 3, {"number": 3})
case("div", [X], lambda x: 2 / x, {"dividend": 2})

WITHIN = (X, [value / 2 for value in values(X, 0, "any")])
for operation, run, inputs in [
    ("rsqrt", torch.rsqrt, (X, "positive")),
    ("reciprocal", torch.reciprocal, X),
    ("log1p", torch.log1p, (X, "positive")),
    ("expm1", torch.expm1, X),
    ("sin", torch.sin, X),
    ("cos", torch.cos, X),
    ("tan", torch.tan, X),
    ("asin", torch.asin, WITHIN),
    ("acos", torch.acos, WITHIN),
    ("atan", torch.atan, X),
    ("sinh", torch.sinh, X),
    ("cosh", torch.cosh, X),
    ("asinh", torch.asinh, X),
    ("acosh", torch.acosh, (X, [value + 1 for value in values(X, 0, "positive")])),
    ("atanh", torch.atanh, WITHIN),
    ("erf", torch.erf, X),
    ("sign", torch.sign, X),
    ("floor", torch.floor, X),
    ("ceil", torch.ceil, X),
    ("round", torch.round, X),
    ("trunc", torch.trunc, X),
]:
    case(operation, [inputs], run)
case("detach", [X], lambda x: x.detach(), wanted=[])
for operation, run in [
    ("notEqual", torch.ne),
    ("less", torch.lt),
    ("lessEqual", torch.le),
    ("greaterEqual", torch.ge),
    ("logicalAnd", torch.logical_and),
    ("logicalOr", torch.logical_or),
    ("logicalXor", torch.logical_xor),
]:
    case(operation, PAIR, lambda a, b: run(a, b).float(), wanted=[])
for operation, run in [
    ("logicalNot", torch.logical_not),
    ("isNaN", torch.isnan),
    ("isInf", torch.isinf),
    ("isFinite", torch.isfinite),
]:
    case(operation, [X], lambda x: run(x).float(), wanted=[])
for operation, run in [
    ("softplus", F.softplus),
    ("silu", F.silu),
    ("mish", F.mish),
    ("gelu", F.gelu),
    ("leakyRelu", F.leaky_relu),
    ("elu", F.elu),
    ("hardSwish", F.hardswish),
]:
    case(operation, [X], run)
case("prelu", [[3, 2], [2]], F.prelu)
EVEN = torch.arange(7) % 2 == 0
case("where", PAIR, lambda a, b: torch.where(EVEN, a, b))
case("pow", [(X, "positive"), X], torch.pow)
case("pow", [X], lambda x: x**3, {"number": 3})
case("pow", [X], lambda x: 2**x, {"base": 2})
case("mod", PAIR, torch.remainder)

# Chains, which a compiled function makes one kernel of. Algebra that holds for numbers does not hold for NaN and
# infinity.
for expression, count, run in [
    ("x - x", 1, lambda x: x - x),
    ("x / x", 1, lambda x: x / x),
    ("0 * x + y", 2, lambda x, y: 0 * x + y),
    ("x + y - x", 2, lambda x, y: x + y - x),
    ("(x - y) + (y - x)", 2, lambda x, y: (x - y) + (y - x)),
    ("x * y / x", 2, lambda x, y: x * y / x),
    ("max(x, x)", 1, lambda x: torch.maximum(x, x)),
    ("max(x, -x)", 1, lambda x: torch.maximum(x, -x)),
    ("min(max(x, y), y)", 2, lambda x, y: torch.minimum(torch.maximum(x, y), y)),
    ("relu(x * y + y)", 2, lambda x, y: torch.relu(x * y + y)),
    ("relu(-relu(x))", 1, lambda x: torch.relu(-torch.relu(x))),
    ("clamp(relu(x) * 2)", 1, lambda x: torch.clamp(torch.relu(x) * 2, 0, 1)),
    ("abs(x) + sqrt(x * x)", 1, lambda x: torch.abs(x) + torch.sqrt(x * x)),
    ("log(exp(x))", 1, lambda x: torch.log(torch.exp(x))),
    ("sigmoid(x) * tanh(x)", 1, lambda x: torch.sigmoid(x) * torch.tanh(x)),
]:
    case("chain", [X] * count, run, {"expression": expression}, name=f"chain {expression}")
for expression, count, run in [
    ("x == x", 1, lambda x: (x == x).float()),
    ("x > x", 1, lambda x: (x > x).float()),
    ("relu(x) > y", 2, lambda x, y: (torch.relu(x) > y).float()),
]:
    case("chain", [X] * count, run, {"expression": expression}, wanted=[], name=f"chain {expression}")

# Reductions; 150 values take two passes.
for operation, run in [
    ("sum", lambda x, axes: x.sum(axes)),
    ("mean", lambda x, axes: x.mean(axes)),
    ("max", lambda x, axes: x.amax(axes)),
    ("sumOfSquares", lambda x, axes: (x * x).sum(axes)),
]:
    for shape, axes in [([3, 4], [0]), ([3, 4], [1]), ([150], [0]), ([2, 3, 2], [0, 2])]:
        case(operation, [shape], lambda x: run(x, axes), {"axes": axes}, name=f"{operation} of {shape} over {axes}")
for operation, run in [
    ("min", lambda x: x.amin(1)),
    # PyTorch's divides the product by each factor; this multiplies the others.
    ("prod", lambda x: functools.reduce(torch.mul, x.unbind(1))),
    # PyTorch's own gradient leaves out the way through the mean, which is 0 for numbers.
    ("variance", lambda x: (x - x.mean(1, True)).square().sum(1) / 3),
    ("std", lambda x: ((x - x.mean(1, True)).square().sum(1) / 3).sqrt()),
    ("norm", lambda x: torch.linalg.vector_norm(x, dim=1)),
    ("logSumExp", lambda x: x.logsumexp(1)),
]:
    case(operation, [[3, 4]], run, {"axes": [1]})
for operation, run in [
    ("any", lambda x: x.any(1)),
    ("all", lambda x: x.all(1)),
    ("argmax", lambda x: x.argmax(1)),
    ("argmin", lambda x: x.argmin(1)),
]:
    case(operation, [[3, 4]], lambda x: run(x).float(), {"axis": 1} if operation[:3] == "arg" else {"axes": [1]}, [])

# Along an axis.
case("cumsum", [[3, 5]], lambda x: x.cumsum(1))
case("sort", [[3, 5]], lambda x: x.sort(dim=1, stable=True).values)
case("argsort", [[3, 5]], lambda x: x.sort(dim=1, stable=True).indices.float(), wanted=[])
case("topK", [[3, 5]], lambda x: x.topk(2, 1).values)
case("gather", [[3, 4]], lambda x: x[torch.tensor([2, 0, 2])])
case("embedding", [[3, 4]], lambda x: F.embedding(torch.tensor([2, 0, 2]), x))
ALONG = torch.tensor([[0, 0], [3, 1], [2, 2]])
case("takeAlongAxis", [[3, 4]], lambda x: x.gather(1, ALONG))
case("scatterAdd", [[3, 4], [3, 2]], lambda x, y: x.scatter_add(1, ALONG, y))


def spatial(function):
    """Over the two middle axes together."""
    return lambda x: function(x.flatten(1, 2), 1).reshape(x.shape)


for operation, run in [("softmax", torch.softmax), ("logSoftmax", torch.log_softmax)]:
    case(operation, [[3, 5]], lambda x: run(x, 1), {"axes": [1]})
    case(operation, [[1, 5, 8, 2]], spatial(run), {"axes": [1, 2]})

# Products and convolutions: extents that are and are not multiples of four.
for name, shapes, options in [
    ("odd", [[3, 5], [5, 3]], {}),
    ("in fours", [[4, 8], [8, 4]], {}),
    ("transposed", [[5, 3], [3, 5]], {"transposeA": True, "transposeB": True}),
    ("batched", [[2, 2, 3], [3, 2]], {}),
]:
    case(
        "matmul",
        shapes,
        lambda a, b: torch.matmul(
            a.transpose(-1, -2) if options.get("transposeA") else a,
            b.transpose(-1, -2) if options.get("transposeB") else b,
        ),
        options,
        name=f"matmul {name}",
    )


def pair(value):
    return (value, value)


def input_gradient(dy, weight, size, stride=1, padding=0, dilation=1, groups=1):
    """The gradient of conv2d by x, gathered: dy times weight over all taps that meet a position, dy being 0 outside.

    PyTorch's back ends disagree about a weight that is not finite at the border. Here padding is multiplied in all three
    directions, as in matrix products over padded images.
    """
    batch, channels, height, width = dy.shape
    outputs, inputs, kernel_h, kernel_w = weight.shape
    gx = torch.zeros(batch, inputs * groups, *size)

    def reached(position, tap, extent):
        at = position + padding - tap * dilation
        return None if at % stride else at // stride if 0 <= at // stride < extent else -1

    for ih, iw, i, j in itertools.product(range(size[0]), range(size[1]), range(kernel_h), range(kernel_w)):
        oh, ow = reached(ih, i, height), reached(iw, j, width)
        if oh is None or ow is None:
            continue
        pixel = torch.zeros(batch, channels) if oh < 0 or ow < 0 else dy[:, :, oh, ow]
        parts = [pixel[:, own] @ weight[own, :, i, j] for own in torch.arange(outputs).chunk(groups)]
        gx[:, :, ih, iw] += torch.cat(parts, 1)
    return gx


def gradients_by(dy, x, weight, options, mask):
    defaults = [("stride", 1), ("padding", 0), ("dilation", 1)]
    stride, padding, dilation = (pair(options.get(name, default)) for name, default in defaults)
    return torch.ops.aten.convolution_backward(
        dy, x, weight, None, stride, padding, dilation, False, pair(0), options.get("groups", 1), mask
    )


class Convolution(torch.autograd.Function):
    @staticmethod
    def forward(context, x, weight, options):
        context.save_for_backward(x, weight)
        context.options = options
        return F.conv2d(x, weight, **options)

    @staticmethod
    def backward(context, dy):
        x, weight = context.saved_tensors
        by_weight = gradients_by(dy, x, weight, context.options, (False, True, False))[1]
        return input_gradient(dy, weight, x.shape[2:], **context.options), by_weight, None


class TransposedConvolution(torch.autograd.Function):
    """The gradient of conv2d by x as an operation: its gradients are the convolution and the gradient by the weight."""

    @staticmethod
    def forward(context, x, weight, size, options):
        context.save_for_backward(x, weight)
        context.options = options
        return input_gradient(x, weight, size, **options)

    @staticmethod
    def backward(context, dy):
        x, weight = context.saved_tensors
        by_weight = gradients_by(x, dy, weight, context.options, (False, True, False))[1]
        return F.conv2d(dy, weight, **context.options), by_weight, None, None


def conv2d(x, weight, bias=None, **options):
    y = nhwc(Convolution.apply(nchw(x), nchw(weight), options))
    return y if bias is None else y + bias


def conv_transpose2d(x, weight, bias=None, outputPadding=0, **options):
    x, weight = nchw(x), nchw(weight)
    size = F.conv_transpose2d(x, weight, output_padding=outputPadding, **options).shape[2:]
    y = nhwc(TransposedConvolution.apply(x, weight, size, options))
    return y if bias is None else y + bias


CONVOLUTIONS = [
    ("odd, padded, with bias", [[1, 4, 5, 3], [2, 3, 3, 3], [2]], {"padding": 1}),
    ("in fours, padded", [[1, 4, 4, 4], [4, 3, 3, 4]], {"padding": 1}),
    ("several tiles", [[1, 6, 9, 2], [2, 3, 3, 2], [2]], {"padding": 1}),
    ("of 3x3, unpadded", [[1, 5, 6, 2], [2, 3, 3, 2]], {}),
    ("strided, in groups", [[1, 5, 6, 4], [4, 3, 3, 2]], {"stride": 2, "padding": 1, "groups": 2}),
    ("dilated", [[1, 5, 4, 2], [3, 2, 2, 2], [3]], {"dilation": 2, "padding": 1}),
    ("of 1x1", [[2, 2, 3, 4], [3, 1, 1, 4], [3]], {}),
]
for name, shapes, options in CONVOLUTIONS:
    case("conv2d", shapes, lambda *inputs: conv2d(*inputs, **options), options, name=f"conv2d {name}")
for name, shapes, options in CONVOLUTIONS[:2]:
    case(
        "conv2dRelu",
        shapes,
        lambda *inputs: torch.relu(conv2d(*inputs, **options)),
        options,
        name=f"relu of conv2d {name}",
    )
for name, shapes, options in [
    ("of 2x2, stride 2", [[1, 2, 3, 4], [4, 2, 2, 4], [4]], {"stride": 2}),
    (
        "of 3x3, stride 2",
        [[1, 3, 2, 3], [3, 3, 3, 2], [2]],
        {"stride": 2, "padding": 1, "outputPadding": 1},
    ),
    ("of 3x3, stride 1", [[1, 3, 5, 2], [2, 3, 3, 3]], {"padding": 1}),
]:
    case(
        "convTranspose2d",
        shapes,
        lambda *inputs: conv_transpose2d(*inputs, **options),
        options,
        name=f"convTranspose2d {name}",
    )


class BatchNorm(torch.autograd.Function):
    """Forward the formula of BatchNorm2d's documentation, which PyTorch's CPU kernel rearranges; backward that kernel."""

    @staticmethod
    def forward(context, x, weight, bias, running_mean, running_var):
        mean, variance = running_mean, running_var
        if running_mean is None:
            axes = list(range(x.dim() - 1))
            mean = x.mean(axes)
            variance = (x - mean).square().mean(axes)
        inverse = 1 / torch.sqrt(variance + 1e-5)
        context.save_for_backward(x, weight, running_mean, running_var, mean, inverse)
        return (x - mean) * inverse * weight + bias

    @staticmethod
    def backward(context, dy):
        x, weight, running_mean, running_var, mean, inverse = context.saved_tensors
        dx, *others = torch.ops.aten.native_batch_norm_backward(
            dy.movedim(-1, 1).contiguous(),
            x.movedim(-1, 1).contiguous(),
            weight,
            *(running_mean, running_var, mean, inverse),
            *(running_mean is None, 1e-5, (True, True, True)),
        )
        return dx.movedim(1, -1), *others, None, None


def batch_norm(x, weight, bias, mean=None, variance=None):
    return BatchNorm.apply(x, weight, bias, mean, variance)


for channels in (4, 3):
    shape = [2, 3, 3, channels]
    for activation in (None, "relu"):
        last = torch.relu if activation else lambda x: x
        options = {"activation": activation} if activation else {}
        case(
            "batchNorm",
            [shape, [channels], [channels]],
            lambda x, weight, bias: last(batch_norm(x, weight, bias)),
            {"training": True, **options},
            name=f"batchNorm in training, {channels} channels, {activation}",
        )
        case(
            "batchNorm",
            [shape, [channels], [channels], [channels], ([channels], "positive")],
            lambda x, weight, bias, mean, variance: last(batch_norm(x, weight, bias, mean, variance)),
            {"training": False, **options},
            wanted=[0, 1, 2],
            name=f"batchNorm in inference, {channels} channels, {activation}",
        )
case(
    "batchNormRunning",
    [[5, 3], [3], ([3], "positive")],
    lambda x, mean, variance: (
        0.9 * mean + 0.1 * x.mean(0),
        0.9 * variance + 0.1 * x.var(0, unbiased=True),
    ),
    wanted=[],
)
name, shapes, options = CONVOLUTIONS[1]
case(
    "conv2dBatchNorm",
    [*shapes, [4], [4]],
    lambda x, kernel, weight, bias: batch_norm(conv2d(x, kernel, **options), weight, bias),
    options,
    name=f"batchNorm of conv2d {name}",
)


class GroupNorm(torch.autograd.Function):
    """PyTorch's own kernels multiply by weight at different places, which tells where weight is infinite."""

    @staticmethod
    def forward(ctx, x, weight, bias, groups):
        grouped = x.reshape(x.shape[0], -1, groups, x.shape[-1] // groups)
        centred = grouped - grouped.mean((1, 3), keepdim=True)
        inverse = 1 / (centred.square().mean((1, 3), keepdim=True) + 1e-5).sqrt()
        ctx.save_for_backward(centred * inverse, inverse, weight.reshape(groups, -1))
        return (centred * inverse * weight.reshape(groups, -1) + bias.reshape(groups, -1)).reshape(x.shape)

    @staticmethod
    def backward(ctx, above):
        normalized, inverse, weight = ctx.saved_tensors
        dy = above.reshape(normalized.shape)
        # Of each channel in each sample; the means over a group follow from them.
        dbias, dweight = dy.sum(1, keepdim=True), (dy * normalized).sum(1, keepdim=True)
        size = normalized.shape[1] * normalized.shape[3]
        mean, slope = ((weight * part).sum(3, keepdim=True) / size for part in (dbias, dweight))
        dx = inverse * (weight * dy - mean - normalized * slope)
        return dx.reshape(above.shape), dweight.sum(0).reshape(-1), dbias.sum(0).reshape(-1), None


# One lane to a group of 2 by 3 values, and 64 to one of 35.
for shape, groups in (([2, 3, 4], 2), ([1, 7, 5], 1)):
    case(
        "groupNorm",
        [shape, shape[-1:], shape[-1:]],
        lambda x, weight, bias: GroupNorm.apply(x, weight, bias, groups),
        {"groups": groups},
    )

# Pooling and resizing.
for options in [{"kernelSize": 2}, {"kernelSize": 3, "stride": 2, "padding": 1}]:
    window = [options["kernelSize"], options.get("stride"), options.get("padding", 0)]
    for channels in (4, 3):
        shape = [1, 4, 5, channels]
        case(
            "maxPool2d",
            [shape],
            lambda x: nhwc(F.max_pool2d(nchw(x), *window)),
            options,
            name=f"maxPool2d {window} {channels}",
        )
        for count in (True, False):
            case(
                "avgPool2d",
                [shape],
                lambda x: nhwc(F.avg_pool2d(nchw(x), *window, count_include_pad=count)),
                {**options, "countIncludePad": count},
                name=f"avgPool2d {window} {count} {channels}",
            )
for options in [{"size": [5, 7]}, {"size": [2, 3]}, {"scale": 2}, {"size": [7, 6], "alignCorners": True}]:
    # From an even extent to an odd one no position falls on a cell's centre, where float32 would decide about weights
    # of 0.
    for channels in (4, 1):
        case(
            "resizeBilinear",
            [[1, 4, 4, channels]],
            lambda x: nhwc(
                F.interpolate(
                    nchw(x),
                    size=options.get("size"),
                    scale_factor=options.get("scale"),
                    mode="bilinear",
                    align_corners=options.get("alignCorners", False),
                )
            ),
            options,
            name=f"resizeBilinear {options} {channels}",
        )
for options in [{"size": [5, 7]}, {"size": [2, 2]}, {"scale": 2}]:
    case(
        "resizeNearest",
        [[1, 3, 4, 2]],
        lambda x: nhwc(
            F.interpolate(nchw(x), size=options.get("size"), scale_factor=options.get("scale"), mode="nearest")
        ),
        options,
        name=f"resizeNearest {options}",
    )

# Movement.
case("reshape", [[2, 6]], lambda x: x.reshape(3, 4), {"shape": [3, 4]})
case("transpose", [[2, 3, 2]], lambda x: x.permute(2, 0, 1), {"axes": [2, 0, 1]})
case("broadcastTo", [[3, 1]], lambda x: x.broadcast_to(2, 3, 4), {"shape": [2, 3, 4]})
case("pad", [[2, 3]], lambda x: F.pad(x, [2, 1, 1, 0], value=0.5), {"padding": [[1, 0], [2, 1]], "value": 0.5})
case("slice", [[3, 4]], lambda x: x[1:3, 0:3], {"start": [1, 0], "end": [3, 3]})
case("slice", [[3, 4]], lambda x: x[:, 1:3], {"start": [0, 1], "end": [3, 3]})
case("concat", [[2, 3], [2, 2]], lambda a, b: torch.cat([a, b], 1), {"axis": 1})
case("slice", [[3, 4]], lambda x: x[:, 1::2], {"start": [0, 1], "step": [1, 2]})
for mode in ("reflect", "replicate", "circular"):
    options = {"padding": [[0, 0], [1, 2]], "mode": mode}
    case("pad", [[3, 4]], lambda x: F.pad(x[None], [1, 2], mode=mode)[0], options, name=f"pad {mode}")
case("split", [[2, 5]], lambda x: x.split(2, 1)[:1])
case("stack", [[2, 3], [2, 3]], lambda a, b: torch.stack([a, b], 1), {"axis": 1})
case("squeeze", [[2, 1, 3]], lambda x: x.squeeze(1), {"axes": [1]})
case("unsqueeze", [[2, 3]], lambda x: x.unsqueeze(1))
case("flatten", [[2, 3]], lambda x: x.flatten())
case("tile", [[2, 3]], lambda x: x.tile(2, 1, 2))
case("flip", [[2, 3]], lambda x: x.flip(1), {"axes": [1]})
case("roll", [[2, 3]], lambda x: x.roll(1, 1))
case("tril", [[3, 3]], lambda x: x.tril())
case("triu", [[3, 3]], lambda x: x.triu())
case("einsum", [[2, 3], [3, 2]], lambda a, b: torch.einsum("ik,kj->ij", a, b))
case("cast", [X], lambda x: x.half().float(), {"dtype": "f16"})

# Coordinates and heatmaps.


def grid(cells):
    """The pixel-centre grid: the centres of `cells` cells that fill [-1, 1]."""
    return (2 * torch.arange(cells) - (cells - 1)) / cells


case(
    "expectation2d",
    [[1, 3, 4, 2]],
    lambda p: torch.stack([(p * grid(4)[:, None]).sum([1, 2]), (p * grid(3)[:, None, None]).sum([1, 2])], -1),
)


def peak(x):
    cell = x.flatten(1, 2).argmax(1)
    return torch.stack([cell % x.shape[2], cell // x.shape[2]], -1).float()


def profile(mean, cells, sigma):
    distance = (grid(cells) - mean[..., None]) * cells / (2 * sigma)
    return -distance.square() / 2


def heatmap_target(points, normalized):
    size, sigma = (3, 4), 1.5
    y, x = profile(points[..., 1], size[0], sigma), profile(points[..., 0], size[1], sigma)
    if normalized:
        y, x = torch.log_softmax(y, -1), torch.log_softmax(x, -1)
    heatmap = (y.exp()[..., :, None] * x.exp()[..., None, :]).permute(0, 2, 3, 1)
    sums = x.exp().sum(-1), y.exp().sum(-1)
    entropy = (x.exp() * x).sum(-1) * sums[1] + sums[0] * (y.exp() * y).sum(-1)
    total = sums[0] * sums[1]
    least = torch.zeros_like(total) if normalized else torch.special.xlogy(total, total)
    return heatmap, entropy, least


for normalized in (False, True):
    options = {"size": [3, 4], "sigma": 1.5, "normalized": normalized}
    case("gaussianHeatmap", [[2, 2, 2]], lambda points: heatmap_target(points, normalized)[0], options, wanted=[])
    # The least divergence of a normalized heatmap is 0 whatever the points are, and finite to begin with.
    case("gaussianTarget", [[2, 2, 2]], lambda points: heatmap_target(points, normalized), options, wanted=[])

# What augmentation is made of.


def sample_affine(x, matrices):
    """affine_grid and grid_sample in pixels: PyTorch's normalized coordinates are those with corners aligned."""
    height, width = x.shape[1:3]
    j, i = torch.meshgrid(torch.arange(width).float(), torch.arange(height).float(), indexing="xy")
    m = matrices[:, :, None, None]
    u = m[:, 0] * j + m[:, 1] * i + m[:, 2]
    v = m[:, 3] * j + m[:, 4] * i + m[:, 5]
    positions = torch.stack([2 * u / (width - 1) - 1, 2 * v / (height - 1) - 1], -1)
    return nhwc(F.grid_sample(nchw(x), positions, padding_mode="zeros", align_corners=True))


case(
    "sampleAffine",
    [[1, 3, 4, 2], ([1, 6], [0.75, 0.25, 0.125, -0.25, 0.75, 0.5])],
    sample_affine,
    wanted=[],
)


def gaussian_blur(x, sigma, largest):
    blurred = []
    for image, own in zip(nchw(x), sigma):
        own = torch.clamp(own, 0, largest)
        if own == 0:
            blurred.append(image)
            continue
        radius = 1 if own != own else math.ceil(3 * float(own))
        steps = torch.arange(-radius, radius + 1)
        weights = torch.exp(-(steps**2) / (2 * own * own))
        weights = weights / weights.sum()
        padded = F.pad(image[None], [radius] * 4, mode="reflect")
        channels = image.shape[0]
        along = F.conv2d(padded, weights.reshape(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)
        blurred.append(F.conv2d(along, weights.reshape(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)[0])
    return nhwc(torch.stack(blurred))


case(
    "gaussianBlur",
    [[2, 7, 8, 2], ([2], [0.5, 0.25])],
    lambda x, sigma: gaussian_blur(x, sigma, 0.625),
    {"maxSigma": 0.625},
    wanted=[],
)


def jitter(factors, histograms):
    """torchvision's adjust_brightness and adjust_contrast on the 256 greys."""
    tables = []
    for (brightness, contrast, contrast_first), counts in zip(factors, histograms):
        grey = torch.arange(256) / 255

        def brighten(g):
            return torch.clamp(brightness * g + (1 - brightness) * 0, 0, 1)

        def stretch(g):
            mean = (counts * g).sum() / counts.sum()
            return torch.clamp(contrast * g + (1 - contrast) * mean, 0, 1)

        tables.append(brighten(stretch(grey)) if contrast_first > 0.5 else stretch(brighten(grey)))
    return torch.stack(tables)


# Every frame has one pixel of each grey.
case(
    "greyJitterTables",
    [([2, 3], [1.25, 0.75, 0.0, 0.75, 1.5, 1.0])],
    lambda factors: jitter(factors, torch.ones(2, 256)),
    wanted=[],
)
# A frame of 2x3 pixels with the greys 0 to 5.
case("gatherFrames", [[1, 256]], lambda tables: tables[:, :6].reshape(1, 2, 3, 1), wanted=[])
case("peak2d", [[2, 4, 5, 2]], peak, wanted=[])
# More cells than lanes.
case("peak2d", [[1, 9, 8, 1]], peak, wanted=[], name="peak2d of 72 cells")

# Optimizers, over two steps, and what goes with them.


def steps(make):
    def run(parameter, first, second):
        own = torch.nn.Parameter(parameter.detach().clone())
        optimizer = make([own])
        for gradient in (first, second):
            own.grad = gradient.detach().clone()
            optimizer.step()
        return own

    return run


for operation, make in [
    ("Adam", lambda p: torch.optim.Adam(p, 0.1, weight_decay=0.01)),
    ("AdamW", lambda p: torch.optim.AdamW(p, 0.1, weight_decay=0.01)),
    ("SGD", lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, weight_decay=0.01)),
]:
    case(operation, [[6], [6], [6]], steps(make), wanted=[])


def clipped(*gradients):
    parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients]
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient.detach().clone()
    norm = torch.nn.utils.clip_grad_norm_(parameters, 0.5)
    return [*(parameter.grad for parameter in parameters), norm]


case("clipByNorm", [[2, 3], [5]], lambda *g: clipped(*g)[:2], wanted=[])
case("clipWithNorm", [[2, 3], [5]], clipped, wanted=[])
case("globalNorm", [[2, 3], [5]], lambda *g: clipped(*g)[2], wanted=[])
case("MovingAverage", [[5], [5]], lambda average, x: (1 - 0.25) * average + 0.25 * x, wanted=[])
# The scale stays finite: it is halved where the norm is not.
case("LossScaler", [([1], "positive")], lambda norm: torch.where(torch.isfinite(norm), 4.0, 2.0), wanted=[])

source = (
    f"tools/pytorch/non_finite.py with PyTorch {torch.__version__} on Python {platform.python_version()}, "
    f"{platform.machine()}, float32 on the CPU (oneDNN off)"
)
lines = ",\n".join(json.dumps(entry) for entry in cases)
with open(sys.argv[1], "w") as file:
    file.write('{\n"source": %s,\n"cases": [\n%s\n]\n}\n' % (json.dumps(source), lines))
print(f"{len(cases)} cases, {sum(len(entry['poisons']) for entry in cases)} poisons")
