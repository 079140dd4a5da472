#!/usr/bin/env python3
"""Weights and features of torchvision's models, for the tests' numbers.

    torchvision_features.py FOLDER MODEL [--height H] [--width W]

FOLDER gets weights.pth and weights.safetensors (the model's state_dict; random, the batch normalisation's statistics and
factors too) and features.safetensors: "image" (B x 3 x H x W, 0..255), and what torchvision's model makes of it at stride 8
("early") and 32 ("deep"). The classifiers are made small: nothing reads them. Needs torch, torchvision, safetensors.
"""
import argparse
import pathlib

import torch
import torchvision
from safetensors.torch import save_file

# The last layer of either feature, as torchvision names it.
FEATURES = {"vgg16": ("features.22", "features.30"), "vgg16_bn": ("features.32", "features.43"),
            "resnet50": ("layer2", "layer4"), "resnet101": ("layer2", "layer4"),
            "googlenet": ("inception3b", "inception5b")}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def made_model(name):
    # As torchvision makes it where it is given weights.
    options = {"init_weights": False}
    if name == "googlenet":
        options |= {"transform_input": True, "aux_logits": True}
    elif name.startswith("resnet"):
        options = {}
    torch.nn.Linear.reset_parameters = lambda self: None  # a hundred million numbers that nothing reads
    model = getattr(torchvision.models, name)(**options).eval()
    if name.startswith("vgg"):
        model.classifier = torch.nn.Sequential(torch.nn.Linear(512 * 7 * 7, 2))
    generator = torch.Generator().manual_seed(5)
    between = lambda t, low, high: t.uniform_(low, high, generator=generator)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                fan_in = module.weight[0].numel()
                module.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
                if module.bias is not None:
                    between(module.bias, -0.1, 0.1)
            elif isinstance(module, torch.nn.BatchNorm2d):
                between(module.weight, 0.5, 1.5)
                between(module.bias, -0.2, 0.2)
                between(module.running_mean, -0.2, 0.2)
                between(module.running_var, 0.5, 2)
            elif isinstance(module, torch.nn.Linear):
                module.weight.zero_(), module.bias.zero_()
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("model", choices=FEATURES)
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--width", type=int, default=96)
    a = parser.parse_args()
    model = made_model(a.model)
    seen = {}
    for feature, layer in zip(("early", "deep"), FEATURES[a.model]):
        model.get_submodule(layer).register_forward_hook(
            lambda _, inputs, output, feature=feature: seen.__setitem__(feature, output.clone()))
    image = torch.randint(0, 256, (2, 3, a.height, a.width), generator=torch.Generator().manual_seed(6)).float()
    with torch.inference_mode():
        normalised = (image / 255 - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(DEVIATION).view(3, 1, 1)
        model(normalised)
    a.folder.mkdir(parents=True, exist_ok=True)
    state = model.state_dict()
    torch.save(state, a.folder / "weights.pth")
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, a.folder / "weights.safetensors")
    save_file({"image": image} | {name: tensor.contiguous() for name, tensor in seen.items()},
              a.folder / "features.safetensors")


if __name__ == "__main__":
    main()
