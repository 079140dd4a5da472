"""FastBox as a PyTorch user would write it: modules, grid_sample, torch's own losses. What scripts/compare-* measure ours against.

Written from docs/model.md; names in its state_dict are those of a checkpoint. tests/bench/torch_model_test.py proves it equal to the
oracle's twin and, where that is at hand, to an independent twin; models.oracle_twin proves our small encoder equal to this one.

    torch_model.py OUT.safetensors [--height H] [--width W]     the small encoder's oracle, in the form of tests/oracle/fastbox_twin.py

Images: B x 3 x H x W, RGB, 0..255. Targets: B x H/32 x W/32, boxes with (dx, dy, w, h) in pixels as the last dimension.
"""
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

VGG16 = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool")
STRIDE, FINE, EARLY = 32, 8, 256


class Vgg16(nn.Module):
    def __init__(self, multiple=1.0):
        super().__init__()
        layers, channels, done = [], 3, 0
        for width in VGG16:
            if width == "pool":
                layers.append(nn.MaxPool2d(2))
                continue
            width = max(8, int(width * multiple))
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
            channels, done = width, done + 1
            if done == 10:  # conv4_3
                self.early_at = len(layers) - 1
        self.layers = nn.ModuleList(layers)
        self.early, self.deep = min(EARLY, channels), channels
        self.register_buffer("means", torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1), persistent=False)

    def forward(self, rgb):
        x = rgb.flip(1) - self.means
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == self.early_at:
                early = x
        return early[:, : self.early], x


class Normalised(nn.Module):
    def __init__(self, channels, out, kernel, stride):
        super().__init__()
        self.convolution = nn.Conv2d(channels, out, kernel, stride, 1 if kernel == 3 else 0, bias=False)
        self.norm = nn.GroupNorm(out // 8, out)

    def forward(self, x):
        return self.norm(self.convolution(x))


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.second = Normalised(channels, channels, 3, 1), Normalised(channels, channels, 3, 1)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


class Stage(nn.Module):
    def __init__(self, channels, out, blocks, early):
        super().__init__()
        self.down, self.lateral = Normalised(channels, out, 3, 2), nn.Conv2d(out, early, 1)
        for i in range(blocks):
            setattr(self, f"block{i}", Block(out))
        self.blocks = blocks

    def forward(self, x):
        x = F.relu(self.down(x))
        for i in range(self.blocks):
            x = getattr(self, f"block{i}")(x)
        return x


class Small(nn.Module):
    early, deep = 64, 192

    def __init__(self):
        super().__init__()
        self.stem, self.smooth = Normalised(3, 32, 4, 4), Normalised(self.early, self.early, 3, 1)
        self.stage8 = Stage(32, 48, 1, self.early)
        self.stage16 = Stage(48, 96, 2, self.early)
        self.stage32 = Stage(96, 192, 2, self.early)

    def forward(self, rgb):
        at8 = self.stage8(F.relu(self.stem((rgb - 120) / 64)))
        at16 = self.stage16(at8)
        at32 = self.stage32(at16)
        double = lambda x: F.interpolate(x, scale_factor=2, mode="nearest")
        early = self.stage16.lateral(at16) + double(self.stage32.lateral(at32))
        early = self.stage8.lateral(at8) + double(early)
        return F.relu(self.smooth(early)), at32


class FastBox(nn.Module):
    def __init__(self, encoder, hidden=500, dropout=0.0):
        super().__init__()
        self.encoder, self.dropout = encoder, dropout
        draw = lambda *shape: nn.Parameter(torch.empty(*shape).uniform_(-0.1, 0.1))
        self.ip, self.box_out, self.confs_out = draw(encoder.deep, hidden), draw(hidden, 4), draw(hidden, 2)
        self.delta1, self.delta2, self.delta_boxes = draw(hidden + 9 * encoder.early, 128), draw(128, 2), draw(128, 4)

    def rezoom(self, early, box):
        b, rows, columns, _ = box.shape
        h, w = early.shape[2:]
        y0 = torch.arange(rows, device=box.device)[:, None] * STRIDE + STRIDE / 2
        x0 = torch.arange(columns, device=box.device)[None, :] * STRIDE + STRIDE / 2
        points = []
        for ow in (-0.25, 0.0, 0.25):
            for oh in (-0.25, 0.0, 0.25):
                x = ((box[..., 0] + ow * box[..., 2] + x0) / FINE).clamp(0, w - 1)
                y = ((box[..., 1] + oh * box[..., 3] + y0) / FINE).clamp(0, h - 1)
                points.append(torch.stack([2 * x / (w - 1) - 1, 2 * y / (h - 1) - 1], -1))
        grid = torch.stack(points, 3).reshape(b, rows, columns * 9, 2).to(early.dtype)
        zoom = F.grid_sample(early, grid, align_corners=True)
        return zoom.view(b, -1, rows, columns, 9).permute(0, 2, 3, 4, 1).reshape(b, rows, columns, -1)

    def forward(self, rgb):
        """logits, box, delta_logits, delta_box"""
        early, deep = self.encoder(rgb)
        drop = lambda x: F.dropout(x, self.dropout, self.training) if self.dropout else x
        hidden = drop((deep.movedim(1, -1) * 0.1) @ self.ip)
        box = hidden @ self.box_out * 50
        zoom = drop(self.rezoom(early, box)) / 1000
        delta = drop(F.relu(torch.cat([hidden, zoom], -1) @ self.delta1))
        return hidden @ self.confs_out, box, delta @ self.delta2 * 50, delta @ self.delta_boxes * 5


def make_model(encoder, multiple=1.0, hidden=500, dropout=0.0):
    return FastBox(Small() if encoder == "small" else Vgg16(multiple), hidden, dropout)


def kernels(model):
    return [m.weight for m in model.modules() if isinstance(m, nn.Conv2d)]


def losses(out, confidence, target, mask):
    """KittiBox's four terms of what is seen; the weight decay is kernel_decay's."""
    logits, box, delta_logits, delta_box = (t.to(confidence.dtype) for t in out)
    cells = confidence.numel()

    def entropy(scores, truth):
        return F.cross_entropy(scores.reshape(-1, 2), truth.reshape(-1).long(), reduction="none").view_as(truth)

    miss = (target - box)[..., :2] / target[..., 2:].clamp(min=1)
    inside = confidence * (miss.square().sum(-1) < 0.04)
    positive = confidence[..., None]
    return {"confidence": (mask * entropy(logits, confidence)).sum() / cells,
            "box": 0.1 * (positive * (target - box).abs()).sum() / cells,
            "delta_confidence": 0.1 * (mask * entropy(delta_logits, inside)).sum() / cells,
            "delta_box": 0.003 * (positive * (target - box - delta_box).square().clamp(max=100)).sum() / cells}


def kernel_decay(model, weight=5e-4):
    return weight * sum(0.5 * kernel.square().sum() for kernel in kernels(model))


def random_batch(images, height, width, dtype=torch.float32):
    """image, confidence, box, mask: one cell in eighteen positive, one in twenty masked."""
    cells = (images, height // STRIDE, width // STRIDE)
    draw = lambda *shape: torch.rand(*shape, dtype=dtype)
    confidence = (draw(*cells) < 1 / 18).to(dtype)
    box = torch.cat([draw(*cells, 2) * 80 - 40, draw(*cells, 2) * 120 + 20], -1) * confidence[..., None]
    return draw(images, 3, height, width) * 255, confidence, box, (draw(*cells) > 0.05).to(dtype)


def oracle_of_small(height, width, seed=5):
    """Weights, a batch, outputs, losses and gradients in float64, by the names of tests/oracle/fastbox_twin.py."""
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(seed)
    model = make_model("small", hidden=24)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.GroupNorm):  # as drawn they are 1 and 0, which would hide a mistake
                module.weight.uniform_(0.5, 1.5), module.bias.uniform_(-0.3, 0.3)
    image, confidence, box, mask = random_batch(2, height, width, dtype=torch.float64)
    names = ("logits", "box", "delta_logits", "delta_box")
    out = dict(zip(names, model(image)))
    # Near the prediction, where "inside" is true for some and false for others.
    confidence = (torch.rand(confidence.shape) < 0.4).double()
    box = out["box"].detach() + 4 * torch.randn(box.shape)
    box[..., 2:] = box[..., 2:].abs() + 15
    box = box * confidence[..., None]
    terms = losses(tuple(out.values()), confidence, box, mask) | {"weight_decay": kernel_decay(model)}
    total = sum(terms.values())
    total.backward()
    keep = {f"weight/{k}": v for k, v in model.state_dict().items()}
    keep |= {f"gradient/{k}": v.grad for k, v in model.named_parameters()}
    keep |= {"batch/image": image, "batch/confidence": confidence, "batch/box": box, "batch/mask": mask}
    keep |= {f"output/{k}": v for k, v in out.items()} | {f"loss/{k}": v for k, v in terms.items()}
    keep |= {"loss/total": total, "loss/gradient_norm": sum(p.grad.square().sum() for p in model.parameters()).sqrt()}
    return {k: v.detach().clone().contiguous() for k, v in keep.items()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--height", type=int, default=96)
    p.add_argument("--width", type=int, default=160)
    a = p.parse_args()
    from safetensors.torch import save_file
    save_file(oracle_of_small(a.height, a.width), a.out)


if __name__ == "__main__":
    main()
