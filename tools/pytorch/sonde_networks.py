"""The networks of sonde in PyTorch, with the same names, so that its weights load as they are.

    from sonde_networks import landmarks, load
    model, config = load("runs/first/best.safetensors")
    points = landmarks(model(frames), config)

Frames are float tensors [N, 1, S, S] with luminance in [0, 1], S = config["model"]["inputSize"]: a frame is resized proportionally
(antialiased) to a shorter side of S, of which the central square is taken. Needs torch and safetensors.
"""

import json
import math

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

# A cell of a heatmap stands for 8 px of the frame along each axis: three levels down.
HEATMAP_LEVEL = 3
PIXELS_PER_CELL = 2**HEATMAP_LEVEL


class DoubleConv(nn.Module):
    """Two 3x3 convolutions, each with batch norm and ReLU."""

    def __init__(self, inputs, outputs, stride=1, bias=False):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=bias)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


class Decoder(DoubleConv):
    """Doubles the resolution, joins the encoder's features of that level as [skip, up], and convolves both."""

    def __init__(self, inputs, up, skip, outputs, bias=False):
        super().__init__(skip + up, outputs, bias=bias)
        self.up = nn.ConvTranspose2d(inputs, up, 2, stride=2)

    def forward(self, x, size, skip=None):
        x = self.up(x)
        if x.shape[2:] != size:
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        return super().forward(x if skip is None else torch.cat([skip, x], dim=1))


def heatmap_size(frames):
    """An eighth of the frames' size, rounded up."""
    return tuple(math.ceil(extent / PIXELS_PER_CELL) for extent in frames.shape[2:])


def in_channels(frames, channels):
    """Grey frames stand for every channel."""
    return frames if frames.shape[1] == channels else frames.expand(-1, channels, -1, -1)


class DeepUNet(nn.Module):
    """Deep-UNet and DSNT-DeepUNet: seven levels, by stride or pooling, up to an eighth of the frame or (`full`) all the way."""

    def __init__(self, base=64, depth=7, preset="stride", channels=1, landmarks=3):
        super().__init__()
        self.depth, self.preset, self.channels = depth, preset, channels
        widths = [channels] + [base * 2 ** min(level - 1, 3) for level in range(1, depth + 1)]
        for level in range(1, depth + 1):
            stride = 1 if preset == "pool" else 2
            setattr(self, f"enc{level}", DoubleConv(widths[level - 1], widths[level], stride))
        self.last = 0 if preset == "full" else HEATMAP_LEVEL
        for level in range(depth - 1, self.last - 1, -1):
            skip = widths[level] if level > 0 else 0
            below = widths[level + 1]
            setattr(self, f"dec{depth - level}", Decoder(below, below, skip, skip or base))
        self.head = nn.Conv2d(base if preset == "full" else widths[HEATMAP_LEVEL], landmarks, 1)

    def forward(self, frames):
        """Heatmaps before the softmax, [N, landmarks, h, w]."""
        x = in_channels(frames, self.channels)
        levels = [None]
        for level in range(1, self.depth + 1):
            x = getattr(self, f"enc{level}")(x)
            if self.preset == "pool":
                x = F.max_pool2d(x, 2)
            levels.append(x)
        for level in range(self.depth - 1, self.last - 1, -1):
            skip = levels[level]
            size = (frames if skip is None else skip).shape[2:]
            x = getattr(self, f"dec{self.depth - level}")(x, size, skip)
        maps = self.head(x)
        if self.preset != "full":
            return maps
        return F.interpolate(maps, size=heatmap_size(frames), mode="bilinear", align_corners=True)


class UNet(nn.Module):
    """The challenge's baseline: poolings down, back up to the frame's size, heatmaps resized to an eighth."""

    def __init__(self, base=64, depth=4, channels=3, landmarks=3):
        super().__init__()
        self.depth, self.channels = depth, channels
        widths = [channels] + [base * 2**level for level in range(depth + 1)]
        for level in range(1, depth + 1):
            setattr(self, f"enc{level}", DoubleConv(widths[level - 1], widths[level], bias=True))
        self.bottleneck = DoubleConv(widths[depth], widths[depth + 1], bias=True)
        for level in range(depth, 0, -1):
            own = widths[level]
            setattr(self, f"dec{depth + 1 - level}", Decoder(2 * own, own, own, own, bias=True))
        self.head = nn.Conv2d(base, landmarks, 1)

    def forward(self, frames):
        """Heatmaps, [N, landmarks, h, w]."""
        x = in_channels(frames, self.channels)
        skips = []
        for level in range(1, self.depth + 1):
            skips.append(getattr(self, f"enc{level}")(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.bottleneck(x)
        for index in range(1, self.depth + 1):
            skip = skips[-index]
            x = getattr(self, f"dec{index}")(x, skip.shape[2:], skip)
        return F.interpolate(self.head(x), size=heatmap_size(frames), mode="bilinear", align_corners=True)


def network(config):
    """The untrained network of a run's configuration."""
    model = config["model"]
    options = {"base": model["base"], "depth": model["depth"], "channels": model["inChannels"]}
    if model["architecture"] == "u-net":
        return UNet(**options)
    return DeepUNet(preset=model["preset"], **options)


def load(path):
    """The trained network of a safetensors file that sonde has written, ready to predict, and its configuration."""
    with safe_open(path, "pt") as file:
        config = json.loads(file.metadata()["config"])
    model = network(config)
    model.load_state_dict(load_file(path))
    return model.eval(), config


def landmarks(logits, config):
    """x and y of PS1, PS2, FH1 in pixels of the S x S frame, [N, 3, 2]."""
    size, grid, decoding = (config["model"][key] for key in ("inputSize", "grid", "decoding"))
    height, width = logits.shape[2:]
    flat = logits.flatten(2)
    if decoding == "dsnt":
        places = torch.stack(
            [cell_places(width, size, grid).repeat(height), cell_places(height, size, grid).repeat_interleave(width)], 1
        )
        return flat.softmax(2) @ places.to(flat)
    peak = flat.argmax(2)
    columns, rows = peak % width, peak // width
    if decoding == "argmax-biased":
        return torch.stack([columns * size / width, rows * size / height], 2)
    return torch.stack([cell_places(width, size, grid)[columns], cell_places(height, size, grid)[rows]], 2)


def cell_places(cells, size, grid):
    """Where the cells of an axis lie, in pixels: with `linspace` the outermost at the outermost pixels."""
    index = torch.arange(cells, dtype=torch.float64)
    if grid == "linspace":
        return index * (size - 1) / (cells - 1)
    return (index + 0.5) * size / cells - 0.5
