"""The folder of a run: resolved recipe, log, checkpoint. Everything written is whole or absent after a kill."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from maskreid.errors import MaskreidError
from maskreid.files import write_atomically
from maskreid.images import PersonImage
from maskreid.training.recipe import Recipe

FINGERPRINT = "\n# data "


class RunFolder:
    """Where one run keeps ``recipe.toml``, ``people.csv``, ``log.jsonl``, ``checkpoint.pt`` and ``tensorboard/``."""

    def __init__(self, path: Path, recipe: Recipe, data_fingerprint: str) -> None:
        """Open or create the folder.

        Raises:
            MaskreidError: the folder holds a run of another recipe or of other data.
        """
        self.path = path
        self.checkpoint_path = path / "checkpoint.pt"
        self.log_path = path / "log.jsonl"
        text = _text(recipe, data_fingerprint)
        saved = path / "recipe.toml"
        if saved.exists():
            # Read and written again, it has the keys that maskreid has learned since, at their defaults.
            before = saved.read_text(encoding="utf-8")
            before = _text(Recipe.load(saved), before.rpartition(FINGERPRINT)[2].strip())
            if before != text:
                changed = sorted(set(text.splitlines()) ^ set(before.splitlines()))
                raise MaskreidError(
                    f"{path} holds a run of another recipe or other data (differs in: {'; '.join(changed[:4])}); "
                    "name another run folder, or repeat that run's own command to continue it"
                )
        path.mkdir(parents=True, exist_ok=True)
        write_atomically(saved, text.encode())

    def save_people(self, images: Mapping[str, Sequence[PersonImage]]) -> None:
        """Write who was learned from and who was held out: every image with its identity and camera."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("path", "identity", "camera", "split"))
        for split, members in images.items():
            writer.writerows((image.path, image.identity, image.camera, split) for image in members)
        write_atomically(self.path / "people.csv", text.getvalue().encode())

    def load_checkpoint(self) -> dict[str, Any] | None:
        """Return what `save_checkpoint` wrote last, or None, and cut the log back to that moment."""
        state: dict[str, Any] | None = None
        if self.checkpoint_path.exists():
            state = torch.load(self.checkpoint_path, weights_only=True, map_location="cpu")
        iteration = state["iteration"] if state else 0
        if self.log_path.exists():
            kept = [line for line in self.log_path.read_text().splitlines() if _iteration(line) <= iteration]
            write_atomically(self.log_path, "".join(line + "\n" for line in kept).encode())
        return state

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint; ``state["iteration"]`` counts the finished iterations."""
        temporary = self.checkpoint_path.with_suffix(".part")
        torch.save(state, temporary)
        os.replace(temporary, self.checkpoint_path)

    def log(self, entry: dict[str, Any]) -> None:
        """Append one line to ``log.jsonl``; ``entry["iteration"]`` says when."""
        with self.log_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def _text(recipe: Recipe, data_fingerprint: str) -> str:
    return f"{recipe.to_toml()}{FINGERPRINT}{data_fingerprint}\n"


def _iteration(line: str) -> float:
    try:
        return float(json.loads(line)["iteration"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # a line cut off by a kill
