"""The model card: what a network is, how to feed it, and where it comes from, in one JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from maskreid import __version__
from maskreid.errors import MaskreidError
from maskreid.network.config import NetworkConfig
from maskreid.network.preprocess import BACKGROUND_RGB, MEAN_BGR

SCHEMA_VERSION = 1
# What `prepare_input` does to every image: a card that asks for anything else was not written for this version.
INPUT = {"colour": "BGR", "mean": list(MEAN_BGR), "background_rgb": list(BACKGROUND_RGB)}


def make_card(
    network: NetworkConfig,
    *,
    resize: tuple[int, int],
    masks: Mapping[str, Any],
    flip: bool = False,
    training: Mapping[str, Any],
    metrics: Mapping[str, Any],
) -> dict[str, Any]:
    """Write down what a network is and how to feed it.

    Args:
        network: decides every shape.
        resize: (height, width) images are resized to before the centre crop.
        masks: the mask policy: ``source`` and ``min_share``.
        flip: whether each image is embedded with its mirror image.
        training: data, identities, recipe, licence: whatever is known.
        metrics: results with their definition.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "architecture": {"name": "MaskReID", **asdict(network), "input_size": list(network.input_size)},
        "preprocessing": {
            "resize": list(resize),
            "crop": list(network.input_size),
            **INPUT,
            "masks": dict(masks),
            "flip": flip,
        },
        "training": dict(training),
        "metrics": dict(metrics),
        "code_version": __version__,
    }


def unmeasured(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card without a calibration and with no metrics, for a model whose feature is another."""
    return {**{key: value for key, value in card.items() if key != "calibration"}, "metrics": {}}


def describe_network(card: Mapping[str, Any]) -> str:
    """Return what a card says of the network in one line: streams, fusion, width, sizes in and out."""
    network = card["architecture"]
    height, width = network["input_size"]
    return (
        f"{network['streams']} stream(s), fusion {network['fusion']}, width {network['width']:g}, "
        f"{height} x {width} in, {network['dimension']} numbers out"
        + (f" in {1 + network['bands']} parts" if network.get("bands") else "")
        + ", with the mirror image" * bool(card["preprocessing"].get("flip"))
    )


def network_of(card: Any, where: str) -> NetworkConfig:
    """Return the network that a card describes, if this version can build and feed it.

    Args:
        card: a parsed JSON file.
        where: its path, for messages.

    Raises:
        MaskreidError: the card has another schema, lacks an entry, or asks for a network or an input that this
            version does not have.
    """
    if not isinstance(card, dict) or "schema_version" not in card:
        raise MaskreidError(f"{where}: not a model card (it has no schema_version); copy the model's two files again")
    if card["schema_version"] != SCHEMA_VERSION:
        raise MaskreidError(
            f"{where}: model card schema {card['schema_version']!r}, this maskreid {__version__} reads "
            f"{SCHEMA_VERSION}; install the version that wrote it ({card.get('code_version', 'unknown')})"
        )
    try:
        shape = {key: value for key, value in card["architecture"].items() if key != "name"}
        config = NetworkConfig(**{**shape, "input_size": tuple(shape["input_size"])})
        preprocessing, masks = card["preprocessing"], card["preprocessing"]["masks"]
        resize, asked = list(preprocessing["resize"]), {key: preprocessing[key] for key in INPUT}
        crop = list(preprocessing["crop"])
        _typed("training", card["training"], Mapping)
        _typed("masks.source", masks["source"], str)
        _typed("masks.min_share", masks["min_share"], float, int)
        whole = (config.streams, config.dimension, config.bands, config.last_stride, *config.input_size)
        for value in (*whole, *resize, *crop):
            _typed("a size", value, int)
        big_enough = len(resize) == 2 and resize[0] >= crop[0] and resize[1] >= crop[1]
    except MaskreidError as error:
        raise MaskreidError(f"{where}: {error}") from None
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise MaskreidError(
            f"{where}: damaged, or written by a later maskreid ({type(error).__name__}: {error}); copy it again, or "
            f"install version {card.get('code_version', 'unknown')}"
        ) from None
    if asked != INPUT:
        raise MaskreidError(f"{where}: asks for the input {asked}, this maskreid {__version__} makes {INPUT}")
    if crop != list(config.input_size) or not big_enough:
        raise MaskreidError(
            f"{where}: resize {resize} and crop {crop} do not fit the network's input_size {list(config.input_size)}"
        )
    return config


def _typed(what: str, value: object, *types: type) -> None:
    if not isinstance(value, types):
        raise TypeError(f"{what} is {value!r}")
