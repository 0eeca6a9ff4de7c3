"""Anybody's features: arrays that other tools saved, by the names they saved them under."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.retrieval.feature_folder import GALLERY, QUERY, load_folder
from maskreid.retrieval.features import DISTRACTOR, JUNK, NPZ_ERRORS, Features
from maskreid.retrieval.matfile import read_mat

Arrays = dict[str, Any]
Read = tuple[list[str], Arrays, str]  # all names in a file, the arrays that are known, and the model's fingerprint

# Each array's name here, in layumi/Person_reID_baseline_pytorch's pytorch_result.mat, and in torchreid's engine.
NAMES = {
    "query_features": ("query_f", "qf"),
    "query_identities": ("query_label", "q_pids"),
    "query_cameras": ("query_cam", "q_camids"),
    "query_paths": (),
    "gallery_features": ("gallery_f", "gf"),
    "gallery_identities": ("gallery_label", "g_pids"),
    "gallery_cameras": ("gallery_cam", "g_camids"),
    "gallery_paths": (),
    "multi_query_features": ("mquery_f",),
    "multi_query_identities": ("mquery_label",),
    "multi_query_cameras": ("mquery_cam",),
}
KNOWN = {alias: key for key, aliases in NAMES.items() for alias in (*aliases, key)}
KINDS = ("features", "identities", "cameras")
STORE_PLAIN = "store float32 or float16, not bfloat16"
SAVE_PLAIN = "save plain arrays with numpy.savez (docs/evaluation.md)"


@dataclass(frozen=True)
class FeatureFile:
    """What `read_features` found.

    Attributes:
        query: the queries.
        gallery: the gallery.
        boxes: what multiple query pools, if the file has it.
        notes: what was done to the numbers on the way in, a sentence each.
    """

    query: Features
    gallery: Features
    boxes: Features | None
    notes: tuple[str, ...]


def read_features(path: str | Path) -> FeatureFile:
    """Read query and gallery features from one file, or from a folder that ``maskreid evaluate --out`` wrote.

    A file is NumPy's ``.npz``, ``.safetensors`` or MATLAB's ``.mat``, with the arrays of `NAMES` under any of their
    names: features (N, D) of any real type, identities and cameras N whole numbers in any shape; and perhaps the
    model's fingerprint, as ``maskreid embed`` writes it. Rows are divided by their length. Where a query has identity
    0, people are numbered from 0, and every number goes up by one: here 0 is a distractor. Nothing is unpickled.

    Args:
        path: the file; or a folder with ``query.npz`` and ``gallery.npz``, and perhaps ``multi_query.npz``.

    Raises:
        MaskreidError: no such file, another format, arrays missing or of the wrong shape.
    """
    path = Path(path)
    if path.is_dir():
        return FeatureFile(*load_folder(path), notes=())
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise MaskreidError(
            f"{path}: features come as {', '.join(READERS)} or a folder; pickled files can run code and are not "
            f"opened: load yours where it was made and {SAVE_PLAIN}"
        )
    if not path.is_file():
        raise MaskreidError(f"{path}: no such file")
    try:
        found, arrays, model = reader(path)
    except OSError as error:
        raise MaskreidError(f"{path}: cannot be read ({error.strerror or error})") from None
    ours: Arrays = {}
    for name, array in arrays.items():
        if KNOWN[name] in ours:
            raise MaskreidError(f"{path}: holds {KNOWN[name]} twice, once as {name}; leave one of them out")
        ours[KNOWN[name]] = array
    parts = ["query", "gallery"] + (["multi_query"] if "multi_query_features" in ours else [])
    expected = [f"{part}_{kind}" for part in parts for kind in KINDS]
    missing = [key for key in expected if key not in ours]
    if missing:
        raise MaskreidError(
            f"{path}: expected {', '.join(expected)}; missing {', '.join(missing)}; "
            f"found {', '.join(found) or 'nothing'} (docs/evaluation.md lists other names that are read)"
        )
    notes = ["rows were divided by their length"]
    from_zero = DISTRACTOR in _whole_numbers(ours["query_identities"]).tolist()
    if from_zero:
        notes.append("people are numbered from 0: every number was raised by one, because 0 means distractor here")
    features = {part: _features(path, part, ours, from_zero, model) for part in parts}
    return FeatureFile(features["query"], features["gallery"], features.get("multi_query"), tuple(notes))


def holds_features(path: str | Path) -> bool:
    """Whether `read_features` would read this: a file of its kinds, or a folder with query.npz and gallery.npz."""
    path = Path(path)
    if path.is_dir():
        return (path / QUERY).is_file() and (path / GALLERY).is_file()
    suffix = path.suffix.lower()
    a_model = suffix == ".safetensors" and path.with_suffix(".json").is_file()
    return path.is_file() and suffix in READERS and not a_model


def _features(path: Path, part: str, arrays: Arrays, from_zero: bool, model: str) -> Features:
    try:
        identities = _whole_numbers(arrays[f"{part}_identities"])
        if from_zero:
            identities = np.where(identities == JUNK, JUNK, identities + 1)
        return Features.normalised(
            arrays[f"{part}_features"],
            identities,
            _whole_numbers(arrays[f"{part}_cameras"]),
            [_text(name).rstrip() for name in np.ravel(arrays.get(f"{part}_paths", ())).tolist()],
            model,
        )
    except MaskreidError as error:
        raise MaskreidError(f"{path}: {part} {error}") from None


def _text(name: Any) -> str:
    return os.fsdecode(name) if isinstance(name, bytes) else str(name)


def _whole_numbers(values: Any) -> np.ndarray:
    """Flatten MATLAB's rows and columns, and take its doubles for the whole numbers that they are."""
    flat = np.ravel(values)
    if flat.dtype.kind == "f" and (np.abs(flat) < 2**53).all() and (flat == np.rint(flat)).all():
        return flat.astype(np.int64)
    if flat.dtype.kind in "iu" and (flat <= np.iinfo(np.int64).max).all():
        return flat.astype(np.int64)  # in a narrow type, the last number plus one is the first
    return flat


def _npz(path: Path) -> Read:
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise MaskreidError(f"{path}: one array in .npy format, not a .npz file; {SAVE_PLAIN}")
        with file:
            return file.files, {name: file[name] for name in file.files if name in KNOWN}, _fingerprint(file)
    except NPZ_ERRORS as error:
        raise MaskreidError(f"{path}: not a .npz file of plain arrays ({error}); {SAVE_PLAIN}") from None


def _fingerprint(file: Any) -> str:
    """Return the text "model" in a .npz file; anything else that somebody calls so is no fingerprint."""
    try:
        model = file["model"]
    except (KeyError, ValueError):  # not there, or an object, which is not unpickled
        return ""
    return str(model) if model.ndim == 0 and model.dtype.kind == "U" else ""


def _safetensors(path: Path) -> Read:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            names = list(file.keys())
            arrays = {name: file.get_tensor(name) for name in names if name in KNOWN}
            told = file.metadata() or {}
    except (SafetensorError, TypeError, ValueError) as error:
        raise MaskreidError(f"{path}: cannot be read as .safetensors ({error}); {STORE_PLAIN}") from None
    # NumPy lacks bfloat16, until some other package adds it: it is refused either way.
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise MaskreidError(f"{path}: {name} cannot be read ({array.dtype}); {STORE_PLAIN}")
    # The format has numbers alone: maskreid embed puts the paths beside the model's fingerprint.
    for name in KNOWN:
        if name.endswith("_paths") and name in told:
            try:
                arrays[name] = np.array(json.loads(told[name]), dtype=np.str_)
            except ValueError as error:
                raise MaskreidError(
                    f"{path}: {name} cannot be read ({error}); leave it out, or write it again"
                ) from None
    return names, arrays, told.get("model", "")


def _mat(path: Path) -> Read:
    try:
        return *read_mat(path, [name for name in KNOWN if not name.endswith("_paths")]), ""
    except ValueError as error:
        raise MaskreidError(f"{path}: cannot be read as .mat: {error}") from None


READERS: dict[str, Callable[[Path], Read]] = {
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".mat": _mat,
}
