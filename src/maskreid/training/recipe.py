"""A recipe: one TOML file that says everything about an experiment. Each default has its home here."""

from __future__ import annotations

import dataclasses
import json
import math
import tomllib
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from maskreid.errors import MaskreidError, did_you_mean
from maskreid.images.shaped import MIN_SHARE
from maskreid.network import NetworkConfig
from maskreid.network.config import LARGEST_SIDE
from maskreid.training.recipe_ranges import out_of_range

Section = TypeVar("Section")


@dataclass(frozen=True)
class DataConfig:
    """What is learned from: [data]."""

    resize: tuple[int, int] = (160, 64)  # (height, width) every image is stored at, before the random crop
    masks: str = "fcn"  # "fcn" (shipped), SEGMENTER.safetensors, "dataset" (masks came with it), "none", or a folder
    min_share: float = MIN_SHARE  # a mask covering less of its image than this is replaced by the whole image
    held_out: float = 0.05  # share of the training identities kept for validation, never trained on
    zoom: float = 0.0  # share of the images of which a window of another size and shape is stretched to the input
    flip: bool = True  # mirror half of the images, each with its mask
    flip_at_test: bool = False  # embed each image with its mirror image, at twice the cost; the model's card says so
    erase: float = 0.0  # share of the images with a random rectangle taken out of image and mask
    colour: float = 0.0  # share of the images with other contrast, brightness and colour cast, as of another camera
    worse_masks: float = 0.0  # share of the images whose mask is spoiled at random, or is the whole image


@dataclass(frozen=True)
class LossConfig:
    """The weight of each loss (0 leaves it out) and its parameters: [loss]."""

    softmax: float = 1.0
    triplet: float = 0.0
    n_pair: float = 0.0
    full_ranking: float = 0.0
    ranking: float = 0.0
    contrastive: float = 0.0
    quadruplet: float = 0.0
    oim: float = 0.0
    circle: float = 0.0
    distillation: float = 0.0
    label_smoothing: float = 0.0  # softmax
    dropout: float = 0.5  # softmax: before the classifier, as DGD has it
    relu: bool = True  # softmax: before the classifier, as DGD has it
    triplet_margin: float = 0.3
    margin: float = 0.2  # ranking: alpha of Eq. 3
    lambda_: float = 1.0  # ranking: lambda of Eq. 3
    temperature: float = 1.0  # n_pair, full_ranking, ranking: divides the exponents; the paper has none
    contrastive_margin: float = 1.0
    quadruplet_margin: float = 0.3  # of the triplet in it; half of it between strangers
    oim_scale: float = 30.0  # on the cosines
    oim_momentum: float = 0.5  # share of an identity's row that stays when an image of it was seen
    circle_margin: float = 0.25
    circle_scale: float = 128.0


@dataclass(frozen=True)
class BatchConfig:
    """How a batch is drawn: [batch]."""

    sampler: Literal["shuffled", "identities", "ranking"] = "shuffled"
    size: int = 64  # shuffled: images in a batch
    identities: int = 16  # identities (P x K): identities in a batch ...
    images: int = 4  # ... and images of each
    positives: int = 10  # ranking (P/N): images of the one selected person ...
    negatives: int = 54  # ... and other persons, one image each


@dataclass(frozen=True)
class ScheduleConfig:
    """How long and how fast: [schedule]. Stochastic gradient descent with momentum."""

    iterations: int = 55_000
    learning_rate: float = 0.1
    policy: Literal["stepdecr", "poly", "cosine"] = "stepdecr"
    step: int = 2_000  # stepdecr: every so many iterations ...
    gamma: float = 0.04  # ... the rate falls by this share of learning_rate ...
    floor: float = 0.0005  # ... but not below this
    power: float = 0.5  # poly
    warm_up: int = 0  # iterations of linear rise from zero, under any policy
    feature_first: int = 0  # iterations in which only fc7 and the classifier learn, where init brought the rest
    fixed_levels: int = 0  # of the levels that init brought, how many never learn, and the layers before them; 3: all
    momentum: float = 0.9
    weight_decay: float = 5e-4
    ema: float = 0.0  # decay, such as 0.999, of the moving average that is validated and saved; 0 averages nothing
    precision: Literal["float32", "bfloat16"] = "bfloat16"  # of the forward pass; float32 where it is emulated
    compile: bool = False  # torch.compile, on a GPU with CUDA graphs; a minute at the start, and no gain on a CPU
    validate_every: int = 2_000  # iterations between validations on the held-out identities
    checkpoint_every: int = 200  # iterations between checkpoints


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run, but for the data itself."""

    name: str
    seed: int = 0
    init: str = ""  # a model (name or path) whose weights to start from; "" starts from scratch
    teachers: tuple[str, ...] = ()  # models (names or paths) whose similarities the distillation loss teaches
    data: DataConfig = field(default_factory=DataConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    batch: BatchConfig = field(default_factory=BatchConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)

    def __post_init__(self) -> None:
        height, width = self.network.input_size
        if self.data.resize[0] < height or self.data.resize[1] < width:
            raise MaskreidError(
                f"recipe {self.name}: data.resize {self.data.resize} is smaller than network.input_size "
                f"{self.network.input_size}; make resize at least as large (both are height, width)"
            )
        if max(self.data.resize) > LARGEST_SIDE:
            raise MaskreidError(
                f"recipe {self.name}: data.resize {self.data.resize} is larger than {LARGEST_SIDE} pixels; lower it"
            )
        for wrong in (*_unknown_words(self), *out_of_range(self.as_table()), *_misfits(self)):
            raise MaskreidError(f"recipe {self.name}: {wrong}")

    @classmethod
    def load(cls, path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
        """Read a recipe and apply overrides.

        Args:
            path: the TOML file.
            overrides: assignments such as ``"schedule.iterations=300"``; values are written as in TOML, and a bare
                word is a string.

        Raises:
            MaskreidError: the file is missing or not TOML; a key is unknown (the message suggests the nearest one)
                or a value has the wrong type.
        """
        path = Path(path)
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise MaskreidError(
                f"no recipe at {path}; expected a TOML file such as recipes/market1501-compact.toml"
            ) from None
        except OSError as error:
            raise MaskreidError(f"{path}: no recipe can be read from it ({error.strerror})") from None
        except (ValueError, RecursionError) as error:  # no TOML, not UTF-8, or a number of thousands of digits
            raise MaskreidError(f"{path} is not TOML: {error}") from None
        table.setdefault("name", path.stem)
        for assignment in overrides:
            _assign(table, assignment)
        return cls.from_table(table, where=str(path))

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str = "recipe") -> Recipe:
        """Build a recipe from the nested mapping that its TOML holds."""
        return _build(cls, table, where, "")

    def as_table(self) -> dict[str, Any]:
        """Return every key with its value, defaults included, as plain TOML types."""
        table: dict[str, Any] = _plain(dataclasses.asdict(self))
        return table

    def to_toml(self) -> str:
        """Write the resolved recipe as TOML that `load` reads back unchanged."""
        table = self.as_table()
        lines = [f"{key} = {_toml(value)}" for key, value in table.items() if not isinstance(value, dict)]
        for name, section in table.items():
            if isinstance(section, dict):
                lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in section.items())]
        return "\n".join(lines) + "\n"


LOSS_NAMES = (
    "softmax",
    "triplet",
    "n_pair",
    "full_ranking",
    "ranking",
    "contrastive",
    "quadruplet",
    "oim",
    "circle",
    "distillation",
)


def _unknown_words(recipe: Recipe) -> Iterator[str]:
    """Yield which words are none of a key's own, which from TOML cannot be."""
    for name, section in vars(recipe).items():
        if dataclasses.is_dataclass(section):
            for key, hint in typing.get_type_hints(type(section)).items():
                if typing.get_origin(hint) is Literal and getattr(section, key) not in typing.get_args(hint):
                    yield f"{name}.{key} must be {_either(hint)}, got {getattr(section, key)!r}"


def _either(literal: Any) -> str:
    return " or ".join(map(repr, typing.get_args(literal)))


def _misfits(recipe: Recipe) -> Iterator[str]:
    """Yield which of a recipe's numbers do not go together, each allowed by itself."""
    batch, schedule = recipe.batch, recipe.schedule
    asked = {name for name in LOSS_NAMES if getattr(recipe.loss, name)}
    if not asked:
        yield "every loss has the weight 0; give one more than that: " + ", ".join(f"loss.{n}" for n in LOSS_NAMES)
    if batch.sampler == "identities":
        if comparing := sorted(asked - {"softmax", "oim", "distillation"}):
            for key, compared in (("images", "a person's images with each other"), ("identities", "several people")):
                if getattr(batch, key) < 2:
                    yield f"batch.{key} is 1, but {' and '.join(comparing)} compare {compared}; take 2 or more"
        if batch.identities * batch.images < 2:  # as batch.size
            yield "batch.identities x batch.images is one image, which cannot be normalised; take 2 or more"
    if recipe.teachers and not recipe.loss.distillation:
        yield "teachers teach nothing while loss.distillation is 0; give it a weight, such as 5, or take them out"
    if recipe.loss.distillation and not recipe.teachers:
        yield 'loss.distillation has nobody to learn from; name models, such as teachers = ["market1501"]'
    named = (("name", recipe.name), ("init", recipe.init), ("data.masks", recipe.data.masks))
    for key, text in (*named, *(("teachers", name) for name in recipe.teachers)):
        if any("\ud800" <= letter <= "\udfff" for letter in text):  # how Python reads other bytes in a path
            yield f"{key} {text!r} is not UTF-8, which TOML is written in; rename that file or folder"
    if schedule.compile and batch.sampler == "ranking":
        yield (
            "schedule.compile is for batches of one size, and batch.sampler ranking draws as many images of a person "
            "as there are; take it out"
        )
    if schedule.policy == "stepdecr" and schedule.floor > schedule.learning_rate:
        yield (
            f"schedule.floor is {schedule.floor:g}, above schedule.learning_rate {schedule.learning_rate:g}, and "
            "would be the rate throughout; lower it"
        )


def _build(kind: type[Section], table: Mapping[str, Any], where: str, prefix: str) -> Section:
    hints = typing.get_type_hints(kind)
    known = [f.name for f in dataclasses.fields(typing.cast(Any, kind))]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            near = did_you_mean(key, known, f"; known here: {', '.join(known)}", prefix=prefix)
            raise MaskreidError(f"{where}: unknown key {prefix}{key}{near}")
        if dataclasses.is_dataclass(hints[key]):
            if not isinstance(value, Mapping):
                raise MaskreidError(f"{where}: {key} is a section; write [{key}] and its keys below it")
            values[key] = _build(typing.cast(Any, hints[key]), value, where, f"{key}.")
        else:
            values[key] = _convert(value, hints[key], where, prefix + key)
    return kind(**values)


def _convert(value: Any, hint: Any, where: str, key: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        if value in arguments:
            return value
        expected = _either(hint)
    elif arguments == (str, ...):
        if isinstance(value, (list, tuple)) and all(type(v) is str for v in value):
            return tuple(value)
        expected = "texts in quotes, in brackets"
    elif origin is tuple:
        if isinstance(value, (list, tuple)) and len(value) == len(arguments) and all(type(v) is int for v in value):
            return tuple(value)
        expected = f"{len(arguments)} whole numbers in brackets"
    elif hint is float:
        if type(value) in (int, float):
            try:
                return float(value)
            except OverflowError:
                return math.inf  # which no range has
        expected = "a number"
    elif type(value) is hint:
        return value
    else:
        expected = {int: "a whole number", str: "text in quotes", bool: "true or false"}[hint]
    raise MaskreidError(f"{where}: {key} must be {expected}, got {value!r}")


def _assign(table: dict[str, Any], assignment: str) -> None:
    key, equals, text = assignment.partition("=")
    if not equals or not key.strip():
        raise MaskreidError(f"expected KEY=VALUE, such as schedule.iterations=300, got {assignment!r}")
    try:
        read = tomllib.loads(f"v = {text.strip()}")
    except (ValueError, RecursionError):
        read = {"v": text.strip()}
    value = read.pop("v")
    if read:
        raise MaskreidError(f"expected one KEY=VALUE, got {assignment!r}; give each a --set of its own")
    *sections, name = key.strip().split(".")
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise MaskreidError(f"{assignment!r}: {section} is a value, not a section")
    table[name] = value


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # all else as JSON has it
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return repr(value)
