"""Every backend gives the features that evaluation gives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from models import MIN_SHARE, made
from PIL import Image

from maskreid.embedding import BACKENDS, Embedder
from maskreid.embedding import backends as module
from maskreid.errors import MaskreidError
from maskreid.images import Dataset, Folder, PersonImage, read_image, shape_images
from maskreid.masks import FcnMasks
from maskreid.network import Model


@pytest.fixture(scope="module")
def images(world: Dataset) -> tuple[Dataset, list[PersonImage], list[np.ndarray]]:
    """Images of two sizes."""
    chosen = list(world.splits["gallery"][:9])
    native = [read_image(world.source, image.path) for image in chosen]
    return world, chosen, [picture[:-7, :-3] if row % 3 == 0 else picture for row, picture in enumerate(native)]


def reference(model: Model, images: tuple[Dataset, list[PersonImage], list[np.ndarray]]) -> np.ndarray:
    """The features that evaluation makes."""
    world, chosen, native = images
    shaped = shape_images(world.source, chosen, native, size=model.resize, masks=FcnMasks(), min_share=MIN_SHARE)
    return model.embed(shaped.pixels, shaped.masks)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("backend", list(BACKENDS))
def test_every_backend_gives_the_model_s_features(images: tuple, backend: str, precision: str, flip: bool) -> None:
    if (backend, precision) == ("onnx", "bfloat16"):
        pytest.skip("refused, see below")
    model = made(flip=flip, bands=3, pooling="gem")
    embedder = Embedder(model, backend=backend, precision=precision)
    vectors, shaped = embedder(images[0].source, images[1], images[2])
    expected = reference(model, images)
    assert vectors.dtype == np.float32
    assert (vectors * expected).sum(1).min() > (0.9999 if precision == "float32" else 0.999)
    assert len(shaped.masks) == 9
    emulated = backend == "torch" and not module.multiplies_bfloat16(torch.device("cpu"))
    used = "float32" if emulated else precision
    assert str(embedder) == f"{backend}, {used}"
    moved = "" if (backend, used) == ("torch", "float32") else f"-{backend}-{used}"  # a few pixels of the outline
    assert embedder.masks == FcnMasks().name + moved


def test_torch_in_float32_has_the_masks_of_the_packed_images(images: tuple) -> None:
    _, shaped = Embedder(made(), backend="torch", precision="float32")(images[0].source, images[1], images[2])
    expected = shape_images(
        images[0].source, images[1], images[2], size=(54, 36), masks=FcnMasks(), min_share=MIN_SHARE
    )
    np.testing.assert_array_equal(shaped.masks, expected.masks)
    np.testing.assert_array_equal(shaped.coverage, expected.coverage)


@pytest.mark.parametrize("backend", list(BACKENDS))
def test_one_stream_and_no_images(world: Dataset, backend: str) -> None:
    embedder = Embedder(made(streams=1, neck="bn"), backend=backend, precision="float32")
    assert embedder(world.source, [], [])[0].shape == (0, 16)
    picture = np.full((30, 20, 3), 90, np.uint8)
    vectors, shaped = embedder(world.source, [PersonImage("a", 1)], [picture])
    assert shaped.coverage.tolist() == [1.0]
    model = made(streams=1, neck="bn")
    np.testing.assert_allclose(vectors, model.embed(shaped.pixels, shaped.masks), atol=1e-5)


def test_masks_that_came_with_the_images(world: Dataset) -> None:
    chosen = list(world.splits["gallery"][:2])
    native = [read_image(world.source, image.path) for image in chosen]
    _, shaped = Embedder(made(), masks="dataset", backend="torch")(world.source, chosen, native)
    assert 0 < shaped.coverage.min() <= shaped.coverage.max() < 1


def test_the_fastest_is_chosen_and_what_does_not_go_together_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    there = {"openvino", "onnxruntime", "onnxscript"}
    monkeypatch.setattr(module, "_installed", lambda package: package in there)
    monkeypatch.setattr(module, "multiplies_bfloat16", lambda device: True)
    assert module.choose(None, None, cpu) == ("openvino", "bfloat16")
    assert module.choose(None, "float32", cpu) == ("torch", "float32")
    assert module.choose(None, None, cpu, images=100) == ("torch", "bfloat16")
    assert module.choose(None, None, gpu) == ("torch", "bfloat16")
    there.remove("openvino")
    assert module.choose(None, None, cpu) == ("torch", "bfloat16")
    assert module.choose("onnx", None, cpu) == ("onnx", "float32")
    monkeypatch.setattr(module, "multiplies_bfloat16", lambda device: False)
    there.add("openvino")
    assert module.choose(None, None, cpu) == ("torch", "float32")
    assert module.choose(None, "bfloat16", cpu) == ("torch", "float32"), "as `Model.embed`, and said so"
    with pytest.raises(MaskreidError, match="backend must be one of torch, onnx, openvino, got 'tensorrt'"):
        module.choose("tensorrt", None, cpu)
    with pytest.raises(MaskreidError, match="openvino computes on the processor only"):
        module.choose("openvino", None, gpu)
    with pytest.raises(MaskreidError, match="precision must be float32 or bfloat16, got 'int8'"):
        module.choose(None, "int8", cpu)
    with pytest.raises(MaskreidError, match="onnx computes in float32"):
        Embedder(made(), backend="onnx", precision="bfloat16")


@pytest.mark.parametrize(("backend", "package"), [("openvino", "openvino"), ("onnx", "onnxscript")])
def test_a_backend_that_is_not_installed(backend: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MaskreidError, match=rf"{package} is not installed; pip install 'maskreid\[export\]'"):
        Embedder(made(), backend=backend, precision="float32")


def test_nothing_is_reported_to_anybody() -> None:
    """OpenVINO's converter would tell its makers, unless the package that does so cannot be imported."""
    pytest.importorskip("openvino")
    code = (
        "import sys, numpy as np, torch\n"
        "from maskreid.embedding.backends import on_openvino\n"
        "from maskreid.embedding.graphs import MaskGraph\n"
        "from maskreid.masks import load_segmenter\n"
        "run = on_openvino(MaskGraph(load_segmenter()), 'float32', torch.device('cpu'))\n"
        "assert run(np.zeros((1, 32, 16, 3), np.uint8)).shape == (1, 32, 16)\n"
        "assert not any(name.startswith('openvino_telemetry.') for name in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "CI"}  # where it would be silent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr


def test_few_images_do_not_wait_for_a_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_installed", lambda package: True)
    cpu = torch.device("cpu")
    assert module.choose(None, None, cpu, module.FEW - 1)[0] == "torch"
    assert module.choose(None, None, cpu, module.FEW)[0] == module.choose(None, None, cpu)[0] == "openvino"
    assert module.choose("onnx", None, cpu, 1)[0] == "onnx"


@pytest.mark.parametrize("count", [7, 8, 9])
def test_images_of_several_batches_come_in_their_order(
    world: Dataset, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    chosen = list(world.splits["gallery"][:count])
    native = [read_image(world.source, image.path) for image in chosen]
    embedder = Embedder(made("dataset"), backend="torch", precision="float32")
    alone = [embedder(world.source, [image], [picture])[0][0] for image, picture in zip(chosen, native, strict=True)]
    monkeypatch.setattr("maskreid.embedding.embedder.BATCH", 4)
    np.testing.assert_allclose(embedder(world.source, chosen, native)[0], alone, atol=1e-5)


def test_a_mask_that_covers_less_than_the_model_asks_for_is_the_whole_image(tmp_path: Path) -> None:
    pictures = [np.full((40, 20, 3), 90, np.uint8)] * 2
    for name, rows in (("few", 1), ("enough", 3)):  # of 40, where a twentieth counts
        mask = np.zeros((40, 20), np.uint8)
        mask[:rows] = 255
        Image.fromarray(mask).save(tmp_path / f"{name}.png")
    images = [PersonImage(f"{name}.jpg", 1, mask=f"{name}.png") for name in ("few", "enough")]
    _, shaped = Embedder(made("dataset"), backend="torch")(Folder(tmp_path), images, pictures)
    assert shaped.masks[0].min() == 1
    assert shaped.masks[1].mean() == pytest.approx(3 / 40, abs=0.02)
    assert shaped.coverage.tolist() == pytest.approx([1 / 40, 3 / 40])


def test_only_masks_that_are_files_can_be_of_others() -> None:
    own, other = PersonImage("a.jpg", 1, mask="a.png"), PersonImage("b.jpg", 1)
    embedder = Embedder(made("dataset"), backend="torch")
    assert [embedder.knows(image) for image in (own, other)] == [True, False]
    for masks in ("none", "fcn"):
        assert Embedder(made(masks), backend="torch").knows(other)


def test_masks_that_no_backend_makes_keep_their_name() -> None:
    assert [Embedder(made(name), backend="torch").masks for name in ("none", "dataset")] == ["none", "dataset"]
