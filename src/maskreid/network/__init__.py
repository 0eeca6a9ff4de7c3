"""The network: image and masked image in, feature out."""

from maskreid.network.adapt import adapted
from maskreid.network.card import describe_network, make_card, unmeasured
from maskreid.network.config import NetworkConfig
from maskreid.network.device import autocast, multiplies_bfloat16, number_type, pick_device, placed
from maskreid.network.fold import folded
from maskreid.network.infer import infer
from maskreid.network.maskreid import Classifier, MaskReID
from maskreid.network.mix import mixed
from maskreid.network.model import Model
from maskreid.network.model_file import (
    add_to_card,
    check_free,
    copy_model,
    list_models,
    load_model,
    read_card,
    refuse_shipped,
    save_model,
    stored_value,
)
from maskreid.network.preprocess import BACKGROUND_RGB, MEAN_BGR, center_crop, prepare_input

__all__ = [
    "BACKGROUND_RGB",
    "MEAN_BGR",
    "Classifier",
    "MaskReID",
    "Model",
    "NetworkConfig",
    "adapted",
    "add_to_card",
    "autocast",
    "center_crop",
    "check_free",
    "copy_model",
    "describe_network",
    "folded",
    "infer",
    "list_models",
    "load_model",
    "make_card",
    "mixed",
    "multiplies_bfloat16",
    "number_type",
    "pick_device",
    "placed",
    "prepare_input",
    "read_card",
    "refuse_shipped",
    "save_model",
    "stored_value",
    "unmeasured",
]
