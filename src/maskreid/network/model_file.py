"""Model files: ``NAME.safetensors`` with the weights and ``NAME.json`` with the card. Nothing in them is code."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.network.config import NetworkConfig
from maskreid.network.maskreid import MaskReID
from maskreid.network.model import Model
from maskreid.network.preprocess import BACKGROUND_RGB, MEAN_BGR

SCHEMA_VERSION = 1


def make_card(
    network: NetworkConfig,
    *,
    resize: tuple[int, int],
    masks: Mapping[str, Any],
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Write down what a network is and how to feed it.

    Args:
        network: decides every shape.
        resize: (height, width) images are resized to before the centre crop.
        masks: the mask policy: ``source`` and ``min_share``.
        training: data, identities, recipe, licence: whatever is known.
        metrics: results with their definition.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "architecture": {"name": "MaskReID", **_lists(asdict(network))},
        "preprocessing": {
            "resize": list(resize),
            "crop": list(network.input_size),
            "colour": "BGR",
            "mean": list(MEAN_BGR),
            "background_rgb": list(BACKGROUND_RGB),
            "masks": dict(masks),
        },
        "training": dict(training),
        "metrics": dict(metrics),
        "code_version": __version__,
    }


def save_model(path: str | Path, network: MaskReID, card: Mapping[str, Any], *, half: bool = False) -> None:
    """Write ``path.safetensors`` and ``path.json``; with ``half``, weights as float16 (computed in float32)."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {
        name: (value.half() if half and value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in network.state_dict().items()
    }
    for suffix, content in (
        (".safetensors", safetensors.torch.save(state)),
        (".json", (json.dumps(card, indent=2) + "\n").encode()),
    ):
        temporary = path.with_name(path.name + suffix + ".part")
        temporary.write_bytes(content)
        os.replace(temporary, path.with_name(path.name + suffix))


def load_model(name: str | Path, device: str | torch.device = "cpu") -> Model:
    """Return a model with its preprocessing.

    Args:
        name: a shipped model's name (see `list_models`) or a path, with or without ``.safetensors``.
        device: where to put the network.

    Raises:
        MaskreidError: there is no such model, or its two files do not fit each other or this version.
    """
    weights, card_path = _find(str(name))
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
        state = safetensors.torch.load(weights.read_bytes())
    except FileNotFoundError as error:
        raise MaskreidError(
            f"{error.filename}: missing; a model is NAME.safetensors and NAME.json together"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError, safetensors.SafetensorError) as error:
        raise MaskreidError(f"{weights} or its .json is damaged ({error}); copy both files again") from None
    if card.get("schema_version") != SCHEMA_VERSION:
        raise MaskreidError(
            f"{card_path}: model card schema {card.get('schema_version')!r}, this maskreid {__version__} reads "
            f"{SCHEMA_VERSION}; install the version that wrote it ({card.get('code_version', 'unknown')})"
        )
    shape = {key: value for key, value in card["architecture"].items() if key != "name"}
    shape["input_size"] = tuple(shape["input_size"])
    network = MaskReID(NetworkConfig(**shape))
    try:
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MaskreidError(
            f"{weights} does not hold the network that {card_path.name} describes: {reason}"
        ) from None
    network.eval().to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Model(network, card)


def list_models() -> dict[str, dict[str, Any]]:
    """Return the cards of the shipped models by name, the default first."""
    folder = Path(str(files("maskreid"))) / "models"
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def _find(name: str) -> tuple[Path, Path]:
    base = Path(name.removesuffix(".safetensors"))
    if base.name in list_models() and base.parent == Path():
        base = Path(str(files("maskreid"))) / "models" / base.name
    weights, card = (base.with_name(base.name + suffix) for suffix in (".safetensors", ".json"))
    if weights.exists() or card.exists():
        return weights, card
    if base.is_dir() and (base / "model.safetensors").exists():
        return base / "model.safetensors", base / "model.json"
    shipped = list(list_models())
    near = difflib.get_close_matches(name, shipped, 1)
    hint = f"did you mean {near[0]}?" if near else f"shipped models: {', '.join(shipped) or 'none'}"
    raise MaskreidError(f"no model {name!r}: neither a shipped name nor a path to NAME.safetensors; {hint}")


def _lists(table: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in table.items()}
