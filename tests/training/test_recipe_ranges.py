from __future__ import annotations

import dataclasses
import math

import pytest

from maskreid.errors import MaskreidError
from maskreid.training import Recipe
from maskreid.training.recipe_ranges import RANGES, Range, out_of_range

NUMBERS = {
    f"{section}.{key}"
    for section, values in Recipe(name="any").as_table().items()
    if isinstance(values, dict) and section != "network"  # `NetworkConfig` looks after itself
    for key, value in values.items()
    if type(value) in (int, float)
} | {"seed"}


def test_every_number_of_a_recipe_has_a_range_and_its_default_lies_in_it() -> None:
    assert set(RANGES) == NUMBERS
    assert not list(out_of_range(Recipe(name="any").as_table()))


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [
        (Range(0, 1), (0, 0.5, 1), (-1e-9, 1.001)),
        (Range(0, 1, "[)"), (0, 0.999), (1,)),
        (Range(0, ends="()"), (1e-9, 1e300), (0, -1)),
        (Range(1), (1, 10**12), (0,)),
    ],
)
def test_ends(interval: Range, inside: tuple[float, ...], outside: tuple[float, ...]) -> None:
    assert all(value in interval for value in inside)
    assert all(value not in interval for value in (*outside, math.nan, math.inf, -math.inf))


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("schedule.warm_up=-5", r"schedule.warm_up must be in \[0, 1e\+09\], got -5"),
        ("schedule.step=0", r"schedule.step must be in \[1, 1e\+09\], got 0"),
        ("schedule.momentum=1.0", r"schedule.momentum must be in \[0, 1\), got 1.0"),
        ("schedule.learning_rate=0.0", "schedule.learning_rate must be more than 0, got 0.0"),
        ("loss.oim_momentum=1.0", r"loss.oim_momentum must be in \[0, 1\), got 1.0"),
        ("batch.positives=1", r"batch.positives must be in \[2, 1e\+09\], got 1"),
        ("data.min_share=nan", r"data.min_share must be in \[0, 1\], got nan"),
        ("seed=-1", "seed must be in"),
    ],
)
def test_a_number_out_of_its_range_is_named(tmp_path: object, assignment: str, message: str) -> None:
    key, value = assignment.split("=")
    table: dict[str, object] = {"name": "wrong"}
    section, _, name = key.rpartition(".")
    number = float(value) if "." in value or value == "nan" else int(value)
    table |= {section: {name: number}} if section else {name: number}
    with pytest.raises(MaskreidError, match=f"recipe wrong: {message}"):
        Recipe.from_table(table)


def test_numbers_that_no_float_holds_are_out_of_range() -> None:
    for section, key in (("schedule", "iterations"), ("schedule", "learning_rate"), ("batch", "size")):
        with pytest.raises(MaskreidError, match=rf"{section}.{key} must be"):
            Recipe.from_table({"name": "huge", section: {key: 10**400}})


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("network", "input_size", (4097, 64), r"at most 4096 x 4096, got \(4097, 64\)"),
        ("network", "dimension", 65_537, r"network.dimension must be in \[1, 65536\], got 65537"),
        ("data", "resize", (160, 5000), r"data.resize \(160, 5000\) is larger than 4096 pixels"),
    ],
)
def test_sizes_have_an_upper_end(section: str, key: str, value: object, message: str) -> None:
    with pytest.raises(MaskreidError, match=message):
        Recipe.from_table({"name": "large", "data": {"resize": (4096, 4096)}, section: {key: value}})


@pytest.mark.parametrize("key", ["images", "identities"])
def test_pairs_need_two_images_of_a_person_and_two_persons(key: str) -> None:
    table = {
        "name": "pairs",
        "loss": {"softmax": 0.0, "triplet": 1.0},
        "batch": {"sampler": "identities", key: 1},
    }
    with pytest.raises(MaskreidError, match=rf"batch.{key} is 1, but triplet compare"):
        Recipe.from_table(table)
    with pytest.raises(MaskreidError, match=rf"batch.{key} is 1, but triplet compare"):
        Recipe.from_table({**table, "loss": {"softmax": 1.0, "triplet": 1.0}})
    recipe = Recipe.from_table({**table, "loss": {"softmax": 1.0}})
    assert dataclasses.asdict(recipe)["batch"][key] == 1


def test_a_batch_of_one_image_is_refused() -> None:
    with pytest.raises(MaskreidError, match=r"batch.identities x batch.images is one image"):
        Recipe.from_table({"name": "one", "batch": {"sampler": "identities", "identities": 1, "images": 1}})


def test_the_floor_of_the_rate_is_not_above_it() -> None:
    slow = {"learning_rate": 0.0001}
    with pytest.raises(MaskreidError, match=r"schedule.floor is 0.0005, above schedule.learning_rate 0.0001"):
        Recipe.from_table({"name": "slow", "schedule": slow})
    for schedule in ({**slow, "policy": "cosine"}, {**slow, "floor": 0.0001}):
        Recipe.from_table({"name": "slow", "schedule": schedule})
