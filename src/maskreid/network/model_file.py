"""Model files: ``NAME.safetensors`` with the weights and ``NAME.json`` with the card. Nothing in them is code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from maskreid.errors import MaskreidError, did_you_mean
from maskreid.files import check_file, write_out
from maskreid.network.card import network_of
from maskreid.network.device import placed
from maskreid.network.maskreid import MaskReID
from maskreid.network.model import Model

WEIGHTS, CARD = ".safetensors", ".json"


def save_model(path: str | Path, network: MaskReID, card: Mapping[str, Any], *, half: bool = False) -> None:
    """Write ``path.safetensors`` and ``path.json``, each complete or not at all.

    The card gains ``weights_sha256``, so that a card and weights from different saves are not taken for one model.

    Args:
        path: of both files, with or without ``.safetensors``; its folder is made.
        network: what to save.
        card: from `make_card`.
        half: store convolution and fully connected weights as float16; `load_model` computes in float32 again.

    Raises:
        MaskreidError: the files cannot be written.
    """
    weights = safetensors.torch.save(
        {name: stored_value(value, half) for name, value in network.state_dict().items()}
    )
    signed = {**card, "weights_sha256": hashlib.sha256(weights).hexdigest()}
    for file, content in zip(model_files(Path(path)), (weights, _text(signed)), strict=True):
        write_out(file, content)


def load_model(name: str | Path, device: str | torch.device = "cpu") -> Model:
    """Return a model with its preprocessing.

    Args:
        name: a shipped model's name (see `list_models`), a path with or without ``.safetensors``, or a folder with a
            ``model.safetensors``, such as a training run's. A shipped name wins over a file of that name here; say
            ``./NAME`` for the file.
        device: where to put the network.

    Raises:
        MaskreidError: there is no such model, or its two files do not fit each other or this version.
    """
    weights, card_path = _find(str(name))
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
        content = weights.read_bytes()
        state = safetensors.torch.load(content)
    except FileNotFoundError as error:
        raise MaskreidError(
            f"{error.filename}: missing; a model is NAME.safetensors and NAME.json together"
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError, safetensors.SafetensorError) as error:
        raise MaskreidError(f"{weights} or its .json is damaged ({error}); copy both files again") from None
    except OSError as error:
        raise MaskreidError(f"{error.filename}: cannot be read ({error.strerror})") from None
    network = MaskReID(network_of(card, str(card_path)))
    if card.get("weights_sha256") not in (None, hashlib.sha256(content).hexdigest()):
        raise MaskreidError(f"{weights} and {card_path.name} were not saved together; copy both files again")
    try:
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise MaskreidError(
            f"{weights} does not hold the network that {card_path.name} describes: {reason}"
        ) from None
    return Model(placed(network.eval(), device), card)


def read_card(name: str | Path) -> dict[str, Any]:
    """Return a model's card without its weights; ``name`` as for `load_model`.

    Raises:
        MaskreidError: there is no such model, or its card cannot be read or is of no network that this version has.
    """
    _, card = _find(str(name))
    try:
        found: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise MaskreidError(f"{card}: cannot be read ({error}); copy it again") from None
    network_of(found, str(card))
    return found


def add_to_card(name: str | Path, key: str, value: Any) -> Path:
    """Write one more thing into a model's card, or replace it; return the card's path.

    Raises:
        MaskreidError: there is no such model, it is a shipped one by its name, or the card cannot be written.
    """
    refuse_shipped(name)
    card = {**read_card(name), key: value}
    _, path = _find(str(name))
    write_out(path, _text(card))
    return path


def copy_model(name: str | Path, out: Path, **more: Any) -> Path:
    """Write a model's two files once more at ``out``, with ``more`` in the card; return the card's path.

    Raises:
        MaskreidError: there is no such model, or as `check_free`.
    """
    weights, card = check_free(out)
    write_out(weights, _find(str(name))[0].read_bytes())
    write_out(card, _text({**read_card(name), **more}))
    return card


def model_files(path: Path) -> tuple[Path, Path]:
    """Return where a model's weights and card are written, whatever else is called so.

    Raises:
        MaskreidError: ``path`` has no name.
    """
    if not path.name:  # "." or "/"
        raise MaskreidError(f"{path}: is a folder; name the model's file in it")
    name = path.name.removesuffix(WEIGHTS)
    return path.with_name(name + WEIGHTS), path.with_name(name + CARD)


def check_free(out: Path) -> tuple[Path, Path]:
    """Return the files of a model that is to be written at ``out``, with or without ``.safetensors``.

    Raises:
        MaskreidError: one of them is there already, or cannot be written.
    """
    weights, card = model_files(out)
    for file in (weights, card):
        check_file(file)
        if file.exists():
            raise MaskreidError(f"{file}: is there already; name another place")
    return weights, card


def refuse_shipped(name: str | Path) -> None:
    """Look whether `add_to_card` would write, before the work whose result goes there.

    Raises:
        MaskreidError: it is a shipped model, by its name or its path.
    """
    weights, _ = _find(str(name))
    if weights.resolve().parent == _shipped().resolve():
        raise MaskreidError(f"{name} is a shipped model, which stays as it is; --out PATH makes a copy of it")


def list_models() -> dict[str, dict[str, Any]]:
    """Return the cards of the shipped models by name, in alphabetical order."""
    cards = {path.stem: path for path in _shipped().glob("*.json")}
    return {name: json.loads(cards[name].read_text(encoding="utf-8")) for name in sorted(cards)}


def _text(card: Mapping[str, Any]) -> bytes:
    return (json.dumps(card, indent=2) + "\n").encode()


def stored_value(value: Tensor, half: bool) -> Tensor:
    """Return a value of a network as its file has it, in half the bytes where ``half``.

    Vectors stay float32: they weigh next to nothing, and a running variance may exceed float16's 65504.
    """
    half = half and value.is_floating_point() and value.ndim > 1
    return (value.half() if half else value).detach().cpu().contiguous()


def _shipped() -> Path:
    return Path(str(files("maskreid"))) / "models"


def _find(name: str) -> tuple[Path, Path]:
    base, shipped = Path(name.removesuffix(WEIGHTS)), list(list_models())
    if name in shipped:
        base = _shipped() / name
    for candidate in ([base] if base.name else []) + [base / "model"]:
        weights, card = (candidate.with_name(candidate.name + suffix) for suffix in (WEIGHTS, CARD))
        if weights.exists() or card.exists():
            return weights, card
    hint = did_you_mean(name, shipped, f"; shipped models: {', '.join(shipped) or 'none'}")
    raise MaskreidError(f"no model {name!r}: neither a shipped name nor a path to NAME.safetensors{hint}")
