"""The folder of a run: resolved recipe, log, checkpoint. Everything written is whole or absent after a kill."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from maskreid.errors import MaskreidError
from maskreid.files import telling_unwritable, write_atomically, write_out
from maskreid.images import PersonImage
from maskreid.training.recipe import Recipe

AGAIN = "make room; the same command then continues"
LEARNED = ("checkpoint.pt", "model.safetensors", "model.json")  # what a run of another recipe must not replace
TESTED = ("metrics.json", "query.npz", "gallery.npz")  # a test, which would be taken for this run's
WRITTEN = ("recipe.toml", "people.csv", "log.jsonl", *LEARNED)
LOCK = ".lock"
SIGNED = "\n# of "  # what follows in recipe.toml: fingerprints of the data and of the models that the run builds on


class RunInUseError(MaskreidError):
    """Another process trains in a run folder."""


class RunFolder:
    """Where one run keeps ``recipe.toml``, ``people.csv``, ``log.jsonl``, ``checkpoint.pt`` and ``tensorboard/``."""

    def __init__(
        self,
        path: Path,
        recipe: Recipe,
        data_fingerprint: str,
        init_fingerprint: str = "",
        teachers: Sequence[str] = (),
    ) -> None:
        """Open or create the folder, and keep other processes out of it until `close`.

        Args:
            path: the folder.
            recipe: of the run. Where its ``init`` and ``teachers`` lie does not matter, only which models they are.
            data_fingerprint: of the images that are learned from.
            init_fingerprint: of the model that is started from; "" from scratch.
            teachers: fingerprint of each.

        Raises:
            RunInUseError: another process trains there.
            MaskreidError: the folder holds what a run of another recipe, of other data or from another model has
                learned, or files of these names that are no run's; or it cannot be written.
        """
        self.path = path
        self.checkpoint_path = path / "checkpoint.pt"
        self.log_path = path / "log.jsonl"
        models = [f"init {init_fingerprint or 'none'}", *(f"teacher {each}" for each in teachers)]
        signature = f"{SIGNED}data {data_fingerprint}, {', '.join(models)}\n"
        saved = path / "recipe.toml"
        with telling_unwritable(path, "choose another run folder"):
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / LOCK).open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            there = [name for name in (*WRITTEN, *TESTED) if (path / name).exists()]
            if saved.exists():
                # Read and written again, it has the keys that maskreid has learned since, at their defaults.
                before = _read(saved).rpartition(SIGNED)
                if not before[1]:
                    raise MaskreidError(f"{saved} is not of a run; name another run folder")
                if set(there) & set(LEARNED):  # else a run that failed before it learned anything
                    _check_same(path, _text(recipe) + signature, _text(Recipe.load(saved)) + "".join(before[1:]))
            elif there:
                raise MaskreidError(
                    f"{path} is not the folder of a run: it has {', '.join(there)} but no recipe.toml; name another "
                    "run folder"
                )
            for name in WRITTEN:
                for left in path.glob(f"{name}.{'[0-9a-f]' * 8}.part"):  # by a process that was killed while it wrote
                    left.unlink()
            with telling_unwritable(saved, "choose another run folder"):
                write_atomically(saved, (recipe.to_toml() + signature).encode())
        except BlockingIOError:
            self.close()
            what = f"{path}: another process trains there"
            raise RunInUseError(f"{what}; wait for it, or name another run folder") from None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let other processes in."""
        self._lock.close()

    def save_people(self, images: Mapping[str, Sequence[PersonImage]]) -> None:
        """Write who was learned from and who was held out: every image with its identity and camera."""
        write_out(self.path / "people.csv", people_csv(images))

    def load_checkpoint(self) -> dict[str, Any] | None:
        """Return what `save_checkpoint` wrote last, or None, and cut the log back to that moment.

        Raises:
            MaskreidError: it is damaged; or it is gone, and there is a model that the run would write over.
        """
        state: dict[str, Any] | None = None
        iteration = 0
        if self.checkpoint_path.exists():
            try:
                state = torch.load(self.checkpoint_path, weights_only=True, map_location="cpu")
                iteration = int(state["iteration"])
            except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, LookupError, TypeError) as error:
                reason = str(error).partition("\n")[0] or type(error).__name__
                what = f"{self.checkpoint_path} is damaged ({reason})"
                remove = self.path if self._has_model() else "it"
                raise MaskreidError(f"{what}; remove {remove}, and the run begins again") from None
        elif self._has_model():
            raise MaskreidError(
                f"{self.path} has a model but no checkpoint.pt, so this run cannot go on; name another run "
                "folder, or remove this one"
            )
        if self.log_path.exists():
            kept = [line for line in _read(self.log_path).splitlines() if _iteration(line) <= iteration]
            write_out(self.log_path, "".join(line + "\n" for line in kept))
        return state

    def _has_model(self) -> bool:
        return any((self.path / name).exists() for name in ("model.safetensors", "model.json"))

    def save_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint; ``state["iteration"]`` counts the finished iterations."""
        content = io.BytesIO()  # torch does not tell a full disk from other troubles
        torch.save(state, content)
        with telling_unwritable(self.checkpoint_path, AGAIN):
            write_atomically(self.checkpoint_path, content.getbuffer())

    def log(self, entry: dict[str, Any]) -> None:
        """Append one line to ``log.jsonl``; ``entry["iteration"]`` says when."""
        with telling_unwritable(self.log_path, AGAIN), self.log_path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def wait_until_free(path: Path) -> None:
    """Wait until no process trains in a run folder: the one that does is done, or dead."""
    with (path / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def _read(path: Path) -> str:
    """Read a text that may be somebody else's, or damaged: what is not UTF-8 is no line of ours."""
    return path.read_text(encoding="utf-8", errors="replace")


def _text(recipe: Recipe) -> str:
    return replace(recipe, init="", teachers=("",) * len(recipe.teachers)).to_toml()


def people_csv(images: Mapping[str, Sequence[PersonImage]]) -> str:
    """Return a table of images by their split: path, identity, camera, split."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("path", "identity", "camera", "split"))
    for split, members in images.items():
        writer.writerows((image.path, image.identity, image.camera, split) for image in members)
    return text.getvalue()


def _check_same(path: Path, ours: str, before: str) -> None:
    if before != ours:
        asked, there = ours.splitlines(), before.splitlines()
        sides = [line for line in there if line not in asked], [line for line in asked if line not in there]
        data = {line.partition(",")[0] for side in sides for line in side if line.startswith(SIGNED.strip())}
        other = len(data) == 2
        hint = " (images count by their paths too: a folder in its zip's place is other data)" if other else ""
        differs = f"there: {'; '.join(sides[0])}; asked for: {'; '.join(sides[1])}"
        raise MaskreidError(
            f"{path} holds a run of another recipe, other data or from another model ({differs}){hint}; name another "
            "run folder, or repeat that run's own command to continue it"
        )


def _iteration(line: str) -> float:
    try:
        return float(json.loads(line)["iteration"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # a line cut off by a kill
