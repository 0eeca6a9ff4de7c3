"""An export gives the model's features, or is not written."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from models import made
from PIL import Image

from maskreid.embedding import export_onnx
from maskreid.embedding import onnx_file as module
from maskreid.embedding.backends import on_torch
from maskreid.embedding.graphs import MaskGraph
from maskreid.embedding.whole_graph import WholeGraph
from maskreid.errors import MaskreidError
from maskreid.images import Dataset, read_image
from maskreid.masks import at_rows, load_segmenter


@pytest.fixture(scope="module")
def exported(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    path = tmp_path_factory.mktemp("export") / "new" / "m.onnx"
    return path, export_onnx(made(), path, world, count=10)


def test_the_file_says_what_it_is_and_runs_at_any_size(exported: tuple[Path, Any], world: Dataset) -> None:
    path, parity = exported
    assert parity.images == 10
    assert parity.same_mask > 0.9999
    assert parity.agreement > 0.99
    assert parity.worst <= parity.end_to_end
    read = onnx.load(path)
    onnx.checker.check_model(read)
    facts = {each.key: each.value for each in read.metadata_props}
    assert json.loads(facts["maskreid_card"]) == made().card
    assert facts["maskreid_fingerprint"] == made().fingerprint
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert {each.name: each.shape for each in session.get_outputs()} == {
        "features": ["batch", 16],
        "masks": ["batch", "height", "width"],
        "coverage": ["batch"],
    }
    for shape in ((1, 90, 41), (3, 33, 70)):
        pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
        features, masks, coverage = session.run(None, {"pixels": pixels})
        assert masks.shape == shape
        np.testing.assert_allclose(coverage, masks.mean((1, 2)), atol=1e-6)
        with torch.inference_mode():
            np.testing.assert_allclose(features, WholeGraph(made())(torch.from_numpy(pixels))[0], atol=1e-4)
    assert [each.name for each in path.parent.iterdir()] == ["m.onnx"]


@pytest.mark.parametrize("size", [(41, 90), (300, 131), (700, 256)])
def test_people_of_any_height_have_the_masks_that_they_have_here(
    exported: tuple[Path, Any], world: Dataset, size: tuple[int, int]
) -> None:
    picture = Image.fromarray(read_image(world.source, world.splits["gallery"][0].path))
    pixels = np.asarray(picture.resize((size[1], size[0]), Image.Resampling.BICUBIC))
    session = onnxruntime.InferenceSession(exported[0], providers=["CPUExecutionProvider"])
    found = session.run(["masks"], {"pixels": pixels[None]})[0][0]
    segmenter = load_segmenter()
    run = on_torch(MaskGraph(segmenter), "float32", torch.device("cpu"))
    assert (found == at_rows(run, [pixels], int(segmenter.rows))[0]).mean() > 0.999


def test_a_mask_that_covers_too_little_is_replaced(world: Dataset) -> None:
    pixels = torch.from_numpy(read_image(world.source, world.splits["gallery"][0].path))[None]
    graph = WholeGraph(made(masks="dataset"))
    with torch.inference_mode():
        nothing, everything = (
            graph(pixels, torch.full(pixels.shape[:3], value, dtype=torch.uint8)) for value in (0, 9)
        )
    torch.testing.assert_close(nothing[0], everything[0])
    assert (nothing[2].item(), everything[2].item()) == (0, 1)


def test_one_stream_reads_no_mask(world: Dataset, tmp_path: Path) -> None:
    parity = export_onnx(made(streams=1), tmp_path / "m.onnx", world, count=3)
    assert parity.agreement == 1
    assert parity.worst > 0.9999


def test_masks_from_elsewhere_are_a_second_input(world: Dataset, tmp_path: Path) -> None:
    parity = export_onnx(made("dataset"), tmp_path / "m.onnx", world, count=3)
    assert parity.agreement == 1
    assert parity.worst > 0.9999
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["pixels", "person"]


def test_what_differs_is_not_written(
    exported: tuple[Path, Any], world: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = SimpleNamespace(model_proto=onnx.load(exported[0]))
    monkeypatch.setattr(module, "onnx_program", lambda graph: program)
    other = made()
    with torch.no_grad():
        other.network.fc7.weight[0] *= -1
    (tmp_path / "m.onnx").write_text("before")
    with pytest.raises(MaskreidError, match=r"m\.onnx: not written, the exported model differs"):
        export_onnx(other, tmp_path / "m.onnx", world, count=3)
    assert (tmp_path / "m.onnx").read_text() == "before"
    with pytest.raises(MaskreidError, match=r"m\.onnx/m\.onnx: cannot be written"):
        export_onnx(made(), tmp_path / "m.onnx" / "m.onnx", world, count=3)
    assert [each.name for each in tmp_path.iterdir()] == ["m.onnx"]
