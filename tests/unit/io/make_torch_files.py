#!/usr/bin/env python3
"""Makes the files of torch_files/ that torch_file_test.cpp and weights_file_test.cpp read: needs torch and safetensors.

    tests/unit/io/make_torch_files.py    (torch 2.11 made the committed ones; addresses in the legacy ones differ each time)

NAME.safetensors holds what the reader should give for zip-NAME.pth and legacy-NAME.pth. torch.load(weights_only=True) reads
each of them here before it is kept, so that what the hand-written pickle of `old` means is not our opinion.
"""

import collections
import inspect
import pathlib
import struct

import torch
from safetensors.torch import save_file

folder = pathlib.Path(__file__).parent / "torch_files"


class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, x):
        return self.gain * x


def expect(name, tensors):
    # Without metadata: a fixed file for fixed tensors.
    save_file({key: tensor.detach().clone().contiguous() for key, tensor in tensors.items()}, folder / f"{name}.safetensors")


def same(loaded, tensors):
    assert list(loaded) == list(tensors)
    for key, tensor in tensors.items():
        assert loaded[key].dtype == tensor.dtype and torch.equal(loaded[key], tensor), key


def both(name, saved, tensors, where=lambda loaded: loaded):
    for form, zip_form in (("zip", True), ("legacy", False)):
        file = folder / f"{form}-{name}.pth"
        torch.save(saved, file, _use_new_zipfile_serialization=zip_form)
        same(where(torch.load(file, weights_only=True)), tensors)
    expect(name, tensors)


def types():
    numbers = torch.tensor([[0, 1, -2], [3, 100, -128]])
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8]
    tensors = {str(kind).removeprefix("torch."): numbers.to(kind) for kind in kinds}
    tensors["uint8"] = numbers.abs().to(torch.uint8)
    tensors["bool"] = numbers > 0
    both("types", tensors, tensors)


def layouts():
    numbers = torch.arange(24, dtype=torch.float32) / 4
    block = numbers.view(2, 3, 4)
    tensors = collections.OrderedDict(
        [
            ("num_batches_tracked", torch.tensor(123456789012)),
            ("empty", torch.zeros(0, 3)),
            ("parameter", torch.nn.Parameter(torch.arange(3.0))),
            ("shared.all", numbers),
            ("shared.row", block[1]),
            ("transposed", block.transpose(0, 2)),
            ("every.second", numbers[1::2]),
            ("channels.last", torch.arange(16.0).view(1, 4, 2, 2).to(memory_format=torch.channels_last)),
            ("expanded", torch.arange(2.0).view(2, 1).expand(2, 3)),
        ]
    )
    both("layouts", {"epoch": 3, "loss": 0.5, "seen": [1, 2], "model": tensors}, tensors, lambda loaded: loaded["model"])


def batch_norm():
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2))
    with torch.no_grad():
        for i, tensor in enumerate(model.state_dict().values()):
            tensor.copy_(torch.arange(tensor.numel()).view(tensor.shape) + i)
    both("module-state", model.state_dict(), model.state_dict())


def old():
    """What torch 0.1 to 0.3 wrote under Python 2: an OrderedDict of lists, 8-bit texts, long numbers, Parameters."""

    def text(value):
        return b"U" + bytes([len(value)]) + value.encode()

    def tensor(key, count, sizes, strides):
        storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text(key) + text("cuda:0")
        storage += b"\x8a\x01" + bytes([count]) + b"NtQ"
        numbers = lambda values: b"(" + b"".join(b"K" + bytes([value]) for value in values) + b"t"
        return b"ctorch._utils\n_rebuild_tensor\n(" + storage + b"K\x00" + numbers(sizes) + numbers(strides) + b"tR"

    hooks = b"ccollections\nOrderedDict\n)R"
    filled = b"ctorch.nn.parameter\nParameter\n)\x81q\x00(" + tensor("11", 2, [2], [1]) + b"N" + hooks + b"\x88\x89tb"
    called = b"ctorch.nn.parameter\nParameter\n(" + tensor("12", 2, [1, 2], [2, 1]) + b"tR(\x88\x89" + hooks + b"tb"
    entries = b"".join(
        b"](" + text(name) + value + b"e"
        for name, value in [("filled", filled), ("called", called), ("plain", tensor("13", 3, [3], [1])), ("again", b"h\x00")]
    )
    program = b"\x80\x02ccollections\nOrderedDict\n](" + entries + b"e\x85R."
    data = {"13": [5.0, 6.0, 7.0], "11": [1.0, 2.0], "12": [3.0, 4.0]}
    whole = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}."
    whole += program + b"\x80\x02](" + b"".join(text(key) for key in data) + b"e."
    for values in data.values():
        whole += struct.pack("<q", len(values)) + struct.pack(f"<{len(values)}f", *values)
    (folder / "legacy-old.pth").write_bytes(whole)
    tensors = {
        "filled": torch.tensor(data["11"]),
        "called": torch.tensor([data["12"]]),
        "plain": torch.tensor(data["13"]),
        "again": torch.tensor(data["11"]),
    }
    same(torch.load(folder / "legacy-old.pth", weights_only=True, map_location="cpu"), tensors)
    expect("old", tensors)


def refused():
    torch.save(Tiny(), folder / "refused-module.pth")
    module = folder / "refused-legacy-module.pth"
    torch.save(Tiny(), module, _use_new_zipfile_serialization=False)
    # It names the source file, whose folder is nobody's business.
    source = inspect.getsourcefile(Tiny).encode()
    module.write_bytes(module.read_bytes().replace(source, b"/somewhere/tiny.py".ljust(len(source), b"_")))
    torch.jit.script(Tiny()).save(folder / "refused-script.pt")
    torch.save({"weight": torch.zeros(2), "epoch": 3}, folder / "refused-number.pth")
    torch.save(torch.zeros(2), folder / "refused-tensor.pth")
    torch.save({"weight": torch.zeros(2).to(torch.complex64)}, folder / "refused-complex.pth")


folder.mkdir(exist_ok=True)
types()
layouts()
batch_norm()
old()
refused()
for file in sorted(folder.iterdir()):
    print(f"{file.stat().st_size:6} {file.name}")
