#!/usr/bin/env python3
"""FastBox in plain PyTorch, for the tests' numbers: weights, a batch, outputs, losses, gradients and three steps of training.

Written from docs/model.md, apart from the C++ code it is compared with.

    fastbox_twin.py OUT.safetensors [--width-multiple W] [--hidden N] [--height H] [--width W] [--single]

tests/oracle/golden.safetensors was made by `fastbox_twin.py golden.safetensors --width-multiple 0.03 --hidden 24
--height 64 --width 96`. Needs torch, safetensors, numpy.
"""
import argparse
import math

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

CONVOLUTIONS = [(64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)]  # pooled after each group
STRIDE, FINE = 32, 8


def scaled(channels, multiple):
    return max(8, int(channels * multiple))


def make_weights(a, uniform, normal):
    """Names as a checkpoint's; positions in the encoder count convolutions, ReLUs and pools."""
    weights, position, channels = {}, 0, 3
    for group in CONVOLUTIONS:
        for out in group:
            out = scaled(out, a.width_multiple)
            deviation = math.sqrt(2 / (9 * channels)) * (0.05 if position == 0 else 1)
            weights[f"encoder.layers.{position}.weight"] = deviation * normal(out, channels, 3, 3)
            weights[f"encoder.layers.{position}.bias"] = 0.1 * uniform(out)
            channels, position = out, position + 2
        position += 1
    early = min(256, scaled(512, a.width_multiple))
    for name, shape in {"ip": (channels, a.hidden), "box_out": (a.hidden, 4), "confs_out": (a.hidden, 2),
                        "delta1": (a.hidden + 9 * early, 128), "delta2": (128, 2), "delta_boxes": (128, 4)}.items():
        weights[name] = 0.1 * uniform(*shape)
    return {k: v.requires_grad_() for k, v in weights.items()}


def encode(w, rgb):
    x = rgb[:, [2, 1, 0]] - torch.tensor([103.939, 116.779, 123.68], dtype=rgb.dtype).view(1, 3, 1, 1)
    position, done, early = 0, 0, None
    for group in CONVOLUTIONS:
        for _ in group:
            x = F.relu(F.conv2d(x, w[f"encoder.layers.{position}.weight"], w[f"encoder.layers.{position}.bias"], padding=1))
            position, done = position + 2, done + 1
            early = x if done == 10 else early  # conv4_3
        x, position = F.max_pool2d(x, 2), position + 1
    return early, x


def sample(features, x, y):
    """Bilinear values at real positions inside the map: features C x h x w, x and y of one shape S -> S x C."""
    h, w = features.shape[1:]
    x0, y0 = x.detach().floor().clamp(0, w - 2).long(), y.detach().floor().clamp(0, h - 2).long()
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    at = lambda yy, xx: features[:, yy, xx].movedim(0, -1)
    top = at(y0, x0) * (1 - fx) + at(y0, x0 + 1) * fx
    return top * (1 - fy) + (at(y0 + 1, x0) * (1 - fx) + at(y0 + 1, x0 + 1) * fx) * fy


def forward(w, rgb):
    early, deep = encode(w, rgb)
    early = early[:, :256]
    hidden = (deep.movedim(1, -1) * 0.1) @ w["ip"]
    box, logits = hidden @ w["box_out"] * 50, hidden @ w["confs_out"]
    rows = torch.arange(box.shape[1], dtype=rgb.dtype)[:, None] * STRIDE + STRIDE / 2
    columns = torch.arange(box.shape[2], dtype=rgb.dtype)[None, :] * STRIDE + STRIDE / 2
    zoom = []
    for b in range(len(rgb)):
        dx, dy, bw, bh = box[b].unbind(-1)
        points = []
        for ow in (-0.25, 0.0, 0.25):
            for oh in (-0.25, 0.0, 0.25):
                x = ((dx + ow * bw + columns) / FINE).clamp(0, early.shape[3] - 1)
                y = ((dy + oh * bh + rows) / FINE).clamp(0, early.shape[2] - 1)
                points.append(sample(early[b], x, y))
        zoom.append(torch.cat(points, -1))
    delta = F.relu(torch.cat([hidden, torch.stack(zoom) / 1000], -1) @ w["delta1"])
    return {"logits": logits, "box": box, "delta_logits": delta @ w["delta2"] * 50, "delta_box": delta @ w["delta_boxes"] * 5}


def losses(w, out, confidence, target, mask):
    cells = confidence.numel()

    def entropy(logits, truth):
        log = logits - logits.logsumexp(-1, keepdim=True)
        return -(truth * log[..., 1] + (1 - truth) * log[..., 0])

    miss = (target - out["box"])[..., :2] / target[..., 2:].clamp(min=1)
    inside = confidence * (miss.square().sum(-1) < 0.04)
    rest = target - out["box"] - out["delta_box"]
    return {
        "confidence": (mask * entropy(out["logits"], confidence)).sum() / cells,
        "box": 0.1 * (confidence[..., None] * (target - out["box"]).abs()).sum() / cells,
        "delta_confidence": 0.1 * (mask * entropy(out["delta_logits"], inside)).sum() / cells,
        "delta_box": 0.003 * (confidence[..., None] * rest.square().clamp(max=100)).sum() / cells,
        "weight_decay": 5e-4 * sum(0.5 * v.square().sum() for v in w.values() if v.dim() == 4),
    }


def train(w, steps, batch):
    """Clip to a global norm of 1, then Adam in TensorFlow's form."""
    m = {k: torch.zeros_like(v) for k, v in w.items()}
    v2 = {k: torch.zeros_like(v) for k, v in w.items()}
    for t in range(1, steps + 1):
        gradients = dict(zip(w, torch.autograd.grad(sum(losses(w, forward(w, batch[0]), *batch[1:]).values()), w.values())))
        norm = math.sqrt(sum(g.square().sum().item() for g in gradients.values()))
        rate = 1e-5 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        with torch.no_grad():
            for k, g in gradients.items():
                g = g * min(1, 1 / norm)
                m[k], v2[k] = 0.9 * m[k] + 0.1 * g, 0.999 * v2[k] + 0.001 * g * g
                w[k] -= rate * m[k] / (v2[k].sqrt() + 1e-5)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--batch", type=int, default=2)
    p.add_argument("--height", type=int, default=128)
    p.add_argument("--width", type=int, default=192)
    p.add_argument("--width-multiple", type=float, default=0.25)
    p.add_argument("--hidden", type=int, default=500)
    p.add_argument("--seed", type=int, default=11)
    p.add_argument("--single", action="store_true", help="float32 instead of float64")
    a = p.parse_args()
    torch.set_default_dtype(torch.float32 if a.single else torch.float64)
    g = torch.Generator().manual_seed(a.seed)
    uniform = lambda *shape: torch.rand(*shape, generator=g) * 2 - 1
    normal = lambda *shape: torch.randn(*shape, generator=g)

    w = make_weights(a, uniform, normal)
    cells = (a.batch, a.height // STRIDE, a.width // STRIDE)
    image = torch.rand(a.batch, 3, a.height, a.width, generator=g) * 255
    confidence = (torch.rand(cells, generator=g) < 0.4).to(image.dtype)
    mask = (torch.rand(cells, generator=g) > 0.2).to(image.dtype)
    box = forward(w, image)["box"].detach()
    target = box + 4 * normal(*box.shape)  # near the prediction: "inside" is true for some and false for others
    target[..., 2:] = target[..., 2:].abs() + 15 * torch.rand(*cells, 2, generator=g)
    batch = image, confidence, target * confidence[..., None], mask

    out = forward(w, image)
    terms = losses(w, out, *batch[1:])
    total = sum(terms.values())
    gradients = torch.autograd.grad(total, w.values())
    keep = {f"weight/{k}": v.detach().clone() for k, v in w.items()}
    keep |= {f"gradient/{k}": v for k, v in zip(w, gradients)}
    keep |= {f"batch/{k}": v for k, v in zip(("image", "confidence", "box", "mask"), batch)}
    keep |= {f"output/{k}": v for k, v in out.items()} | {f"loss/{k}": v for k, v in terms.items()}
    keep |= {"loss/total": total, "loss/gradient_norm": torch.sqrt(sum(v.square().sum() for v in gradients))}
    train(w, 3, batch)
    keep |= {f"trained/{k}": v for k, v in w.items()}
    save_file({k: v.detach().clone().contiguous() for k, v in keep.items()}, a.out)


if __name__ == "__main__":
    main()
