"""``maskreid export`` as a user runs it."""

from __future__ import annotations

import re
from pathlib import Path

from running import maskreid, new_process

from maskreid.network import MaskReID, NetworkConfig, make_card, save_model


def test_export(tmp_path: Path) -> None:
    config = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32), streams=1, fusion="none", bands=3)
    card = make_card(config, resize=(54, 36), masks={"source": "fcn", "min_share": 0.05}, training={}, metrics={})
    save_model(tmp_path / "m", MaskReID(config), card)
    done = new_process("export", tmp_path / "m", "--count", "2", cwd=tmp_path)
    worst = re.search(r"to PyTorch at least (\d\.\d{7});", done.stdout)
    assert worst
    assert float(worst[1]) > 0.9999
    assert done.stdout.splitlines()[-1].startswith("wrote m.onnx")
    assert (tmp_path / "m.onnx").stat().st_size > 10_000
    for remark in ("torch", "constant folding"):  # the exporter's own
        assert remark not in done.stderr.lower().replace("pytorch", "")
    refused = maskreid("export", tmp_path / "m", "--out", tmp_path / "m.json", code=2)
    assert "m.json: expected a name that ends in .onnx" in refused.stderr
    refused = maskreid("export", tmp_path / "m", "--format", "tflite", code=2)
    assert "exported as onnx only" in refused.stderr
