"""Times DSNT-DeepUNet's layers and training step in PyTorch, for `npm run bench -- --torch FILE` on the same card.

    python3 step_times.py --out times.jsonl [--base 64 --size 512 --batch 8 --repeats 20]

One JSON object a line: `conv` for the second convolution of each encoder level (forward, gradient by the input and by the weight, in
fp32, tf32 and fp16, both memory layouts), `step` for a whole step (forward, loss, backward, clipping, Adam) in fp32, tf32 and AMP with
channels last, eager and compiled. Times are medians by CUDA events; without CUDA, by the wall clock, in fp32 only. Needs torch.
"""

import argparse
import contextlib
import json
import statistics
import time

import torch
from torch.nn import functional as F

from sonde_networks import network

CLIP_NORM = 0.722


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    parser.add_argument("--base", type=int, default=64)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=20)
    return parser.parse_args()


def set_tf32(on):
    torch.backends.cuda.matmul.allow_tf32 = on
    torch.backends.cudnn.allow_tf32 = on


def median_ms(run, repeats, cuda):
    for _ in range(3):
        run()
    times = []
    for _ in range(repeats):
        if cuda:
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            run()
            end.record()
            torch.cuda.synchronize()
            times.append(begin.elapsed_time(end))
        else:
            begin = time.perf_counter()
            run()
            times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def convolutions(options, device):
    cuda = device == "cuda"
    modes = [("fp32", torch.float32, False)]
    if cuda:
        modes += [("tf32", torch.float32, True), ("fp16", torch.float16, False)]
    backward = torch.ops.aten.convolution_backward
    for level in range(1, 8):
        channels = options.base * 2 ** min(level - 1, 3)
        size = options.size // 2**level
        for mode, dtype, tf32 in modes:
            set_tf32(tf32)
            for layout, memory in (("nchw", torch.contiguous_format), ("channels_last", torch.channels_last)):
                like = {"device": device, "dtype": dtype}
                x, dy = (
                    torch.randn(options.batch, channels, size, size, **like).contiguous(memory_format=memory)
                    for _ in range(2)
                )
                weight = torch.randn(channels, channels, 3, 3, **like).contiguous(memory_format=memory)

                def gradient(wanted):
                    return backward(dy, x, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1, wanted)

                passes = {
                    "fwd": lambda: F.conv2d(x, weight, padding=1),
                    "bwd_input": lambda: gradient([True, False, False]),
                    "bwd_weight": lambda: gradient([False, True, False]),
                }
                flops = 2 * options.batch * size**2 * 9 * channels**2
                for op, run in passes.items():
                    with torch.no_grad():
                        ms = median_ms(run, options.repeats, cuda)
                    shape = f"N{options.batch} C{channels}->{channels} {size}x{size} 3x3"
                    yield {
                        "kind": "conv", "op": op, "shape": shape, "mode": mode, "layout": layout,
                        "ms": ms, "tflops": flops / ms / 1e9,
                    }


def steps(options, device):
    cuda = device == "cuda"
    config = {
        "model": {
            "architecture": "dsnt-deep-unet", "preset": "stride", "base": options.base, "depth": 7,
            "inChannels": 1, "inputSize": options.size, "grid": "linspace", "decoding": "dsnt",
        }
    }
    modes = [("fp32", False, False)] + ([("tf32", True, False), ("amp", False, True)] if cuda else [])
    for how in ("eager", "compile") if hasattr(torch, "compile") else ("eager",):
        for mode, tf32, amp in modes:
            set_tf32(tf32)
            torch.backends.cudnn.benchmark = True
            memory = torch.channels_last if amp else torch.contiguous_format
            model = network(config).to(device).to(memory_format=memory).train()
            forward = torch.compile(model) if how == "compile" else model
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, fused=cuda)
            scaler = torch.cuda.amp.GradScaler(enabled=amp)
            images = torch.rand(options.batch, 1, options.size, options.size, device=device)
            images = images.contiguous(memory_format=memory)
            axis = torch.linspace(-1, 1, options.size // 8, device=device)
            targets = 1.6 * torch.rand(options.batch, 3, 2, device=device) - 0.8

            def step():
                optimizer.zero_grad(set_to_none=True)
                with torch.autocast(device, dtype=torch.float16) if amp else contextlib.nullcontext():
                    logits = forward(images).float()
                heatmaps = logits.flatten(2).softmax(-1).view_as(logits)
                points = torch.stack([(heatmaps.sum(2) * axis).sum(-1), (heatmaps.sum(3) * axis).sum(-1)], dim=-1)
                loss = F.mse_loss(points, targets)
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
                scaler.step(optimizer)
                scaler.update()

            try:
                ms = median_ms(step, options.repeats, cuda)
            except Exception as error:  # torch.compile needs a compiler that not every machine has
                yield {"kind": "error", "mode": mode, "how": how, "message": str(error)[:300]}
                continue
            yield {"kind": "step", "mode": mode, "how": how, "ms": ms}


def main():
    options = parse()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name(0) if device == "cuda" else "cpu"
    with open(options.out, "w") as file:
        def keep(line):
            text = json.dumps(line)
            print(text, flush=True)
            print(text, file=file, flush=True)

        keep({"kind": "machine", "torch": torch.__version__, "device": name})
        for line in convolutions(options, device):
            keep(line)
        for line in steps(options, device):
            keep(line)


if __name__ == "__main__":
    main()
