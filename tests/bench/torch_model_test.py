#!/usr/bin/env python3
"""The twin of the speed comparisons against the oracle's twin, or against an independent one: outputs, losses, gradients in float64.

    torch_model_test.py [--peer FILE.py]      exit 77: FILE.py is not there, or Python has no torch
"""
import argparse
import importlib.util
import pathlib
import sys

SKIPPED = 77

try:
    import torch
except ImportError:
    print("this Python has no torch")
    sys.exit(SKIPPED)

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import fastbox_twin as oracle
import torch_model


def same(name, ours, theirs, allowed=1e-11):
    difference = ((ours - theirs).abs().max() / theirs.abs().max().clamp(min=1e-300)).item()
    if not difference <= allowed:
        sys.exit(f"{name}: differs by {difference:.3g} of the largest value, expected at most {allowed:g}")


def batch_near(box):
    """Targets near the predicted boxes: every branch of the losses is met."""
    cells = box.shape[:3]
    confidence, mask = (torch.rand(cells) < 0.4).double(), (torch.rand(cells) > 0.2).double()
    target = box.detach() + 4 * torch.randn(box.shape)
    target[..., 2:] = target[..., 2:].abs() + 15 * torch.rand(*cells, 2)
    return confidence, target * confidence[..., None], mask


def against(name, theirs_forward, theirs_losses, weights):
    """`weights`: by our names; those of theirs, of which the gradients are compared."""
    model = torch_model.make_model("vgg16", 0.1, hidden=weights["ip"].shape[1])
    model.load_state_dict({k: v.detach() for k, v in weights.items()})
    image = torch.rand(2, 3, 64, 96) * 255
    ours, theirs = model(image), theirs_forward(image)
    for part, a, b in zip(("logits", "box", "delta_logits", "delta_box"), ours, theirs):
        same(f"{name}: {part}", a, b)
    batch = batch_near(theirs[1])
    our_terms = torch_model.losses(ours, *batch) | {"weight_decay": torch_model.kernel_decay(model)}
    their_terms = theirs_losses(theirs, *batch)
    if set(our_terms) != set(their_terms):
        sys.exit(f"{name}: loss terms {sorted(our_terms)} and {sorted(their_terms)}")
    for term, value in their_terms.items():
        same(f"{name}: loss {term}", our_terms[term], value)
    sum(our_terms.values()).backward()
    parameters = dict(model.named_parameters())
    for k, gradient in zip(weights, torch.autograd.grad(sum(their_terms.values()), list(weights.values()))):
        same(f"{name}: gradient of {k}", parameters[k].grad, gradient, 1e-9)


def against_oracle():
    uniform, normal = lambda *shape: torch.rand(*shape) * 2 - 1, torch.randn
    weights = oracle.make_weights(argparse.Namespace(width_multiple=0.1, hidden=24), uniform, normal)
    forward = lambda image: tuple(oracle.forward(weights, image).values())
    order = list(oracle.forward(weights, torch.rand(1, 3, 64, 96)))
    against("the oracle's twin", forward, lambda out, *batch: oracle.losses(weights, dict(zip(order, out)), *batch), weights)


def against_peer(file):
    spec = importlib.util.spec_from_file_location("peer", file)
    peer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(peer)
    model = peer.FastBox(0.1, dropout=0.0)
    torch.nn.init.normal_(model.encoder.layers[0].weight, std=0.01)
    terms = lambda out, *batch: peer.losses(out, *batch) | {"weight_decay": peer.decay(model)}
    against("the peer", model, terms, dict(model.named_parameters()))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--peer", type=pathlib.Path)
    a = p.parse_args()
    if a.peer and not a.peer.exists():
        print(f"{a.peer} is not there")
        sys.exit(SKIPPED)
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(3)
    torch.set_num_threads(1)
    against_peer(a.peer) if a.peer else against_oracle()


if __name__ == "__main__":
    main()
