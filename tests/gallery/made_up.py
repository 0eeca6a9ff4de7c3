"""Models with random weights and rows with given vectors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from maskreid.gallery import Gallery
from maskreid.gallery.schema import content_id, row_checksum
from maskreid.network import MaskReID, NetworkConfig, make_card, save_model

MASKS = {"source": "dataset", "min_share": 0.05}


def save(path: Path, seed: int = 0, masks: dict[str, Any] = MASKS) -> str:
    """Write a small random network and return where."""
    torch.manual_seed(seed)
    config = NetworkConfig(width=0.25, dimension=16, input_size=(48, 32))
    card = make_card(config, resize=(54, 36), masks=masks, training={}, metrics={})
    save_model(path, MaskReID(config), card)
    return str(path)


def put(
    gallery: Gallery,
    vectors: np.ndarray,
    cameras: Sequence[int] | None = None,
    times: Sequence[float | None] | None = None,
    identities: Sequence[str | None] | None = None,
    tags: Sequence[Sequence[str]] | None = None,
    added: datetime | None = None,
    name: str = "row",
    path: str | None = None,
    source: str = "made up",
) -> list[str]:
    """Write rows past the network; return their ids. Their paths are ``name0``, ``name1`` ... or ``path0`` ..."""
    count = len(vectors)
    cameras, times = cameras or [1] * count, times or [None] * count
    identities, tags = identities or [None] * count, tags or [[]] * count
    rows = []
    for row in range(count):
        facts = {
            "id": content_id(f"{name}{row}".encode()),
            "camera": cameras[row],
            "time": times[row],
            "source": source,
            "path": f"{path or name}{row}",
            "model": gallery.settings.fingerprint,
        }
        vector = vectors[row].astype(np.float32)
        rows.append(
            {
                **facts,
                "feature": vector,
                "identity": identities[row],
                "cluster": None,
                "tags": list(tags[row]),
                "coverage": 0.5,
                "thumbnail": None,
                "added": added or datetime.now(UTC),
                "checksum": row_checksum(vector.tobytes(), None, facts),
            }
        )
    table = pa.Table.from_pylist(rows, gallery.table.schema)
    gallery.table.merge_insert("id").when_not_matched_insert_all().execute(table)
    return [row["id"] for row in rows]


def unit(count: int, dimension: int = 16, seed: int = 0) -> np.ndarray:
    """Random unit vectors."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
