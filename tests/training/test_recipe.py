from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maskreid.errors import MaskreidError
from maskreid.training import BatchConfig, Recipe, ScheduleConfig

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_committed_recipe_loads(path: Path) -> None:
    assert Recipe.load(path).name == path.stem


def test_defaults_are_the_papers_joint_stage() -> None:
    recipe = Recipe(name="default")
    assert recipe.network.input_size == (144, 56)
    assert recipe.data.resize == (160, 64)
    assert (recipe.schedule.learning_rate, recipe.schedule.policy, recipe.schedule.iterations) == (
        0.1,
        "stepdecr",
        55_000,
    )
    assert (recipe.batch.positives, recipe.batch.negatives) == (10, 54)
    assert (recipe.loss.margin, recipe.loss.lambda_) == (0.2, 1.0)


def test_overrides_win_over_the_file_and_bare_words_are_text(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[schedule]\niterations = 10\n[data]\nmasks = 'none'\n")
    recipe = Recipe.load(path, ["schedule.iterations=3", "data.masks=dataset", "data.resize=[160, 80]", "seed=7"])
    assert (recipe.name, recipe.seed, recipe.schedule.iterations) == ("mine", 7, 3)
    assert (recipe.data.masks, recipe.data.resize) == ("dataset", (160, 80))


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("\ufeffseed = 7\n", encoding="utf-8")
    assert Recipe.load(path).seed == 7


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    recipe = Recipe.from_table(
        {"name": 'odd "name" \\ \n\x7f é', "loss": {"ranking": 0.5, "relu": False}, "network": {"width": 0.5}}
    )
    recipe = replace(recipe, teachers=('a "b"', "c"), loss=replace(recipe.loss, distillation=50.0))
    path = tmp_path / "resolved.toml"
    path.write_text(recipe.to_toml(), encoding="utf-8")
    assert Recipe.load(path) == recipe


@pytest.mark.parametrize(
    ("text", "overrides", "message"),
    [
        ("[schedule]\niteration = 3", [], r"unknown key schedule.iteration; did you mean schedule.iterations\?"),
        ("[nonsense]\na = 1", [], "unknown key nonsense"),
        ("[schedule]\niterations = 2.5", [], "schedule.iterations must be a whole number, got 2.5"),
        ("[schedule]\niterations = true", [], "schedule.iterations must be a whole number, got True"),
        (
            "[batch]\nsampler = 'random'",
            [],
            "batch.sampler must be 'shuffled' or 'identities' or 'ranking', got 'random'",
        ),
        ("[data]\nresize = [160]", [], "data.resize must be 2 whole numbers in brackets"),
        ("[data]\nresize = [100, 64]", [], "smaller than network.input_size"),
        ("[loss]\nsoftmax = 0.0", [], "every loss has the weight 0"),
        ("[loss]\ntemperature = 0.0", [], "loss.temperature must be more than 0, got 0.0"),
        ("[schedule]\nema = 1.0", [], r"schedule.ema must be in \[0, 1\), got 1.0"),
        ("[network]\nfusion = 'sum'", [], "network.fusion must be"),
        ("schedule.compile = true", ["batch.sampler=ranking"], "schedule.compile is for batches of one size"),
        ("", ["init=runs/Jos\udce9/model"], r"init 'runs/Jos\\udce9/model' is not UTF-8"),
        ("", ["teachers=market1501", "loss.distillation=1"], "teachers must be texts in quotes, in brackets, got 'm"),
        ("teachers = [1]", ["loss.distillation=1"], "teachers must be texts in quotes, in brackets"),
        ("teachers = ['market1501']", [], "teachers teach nothing while loss.distillation is 0"),
        ("loss.distillation = 1", [], r"loss.distillation has nobody to learn from; name models, such as teachers ="),
        ("", ['teachers=["Jos\udce9"]', "loss.distillation=1"], r"teachers 'Jos\\udce9' is not UTF-8"),
        ("schedule.fixed_levels = 4", [], r"schedule.fixed_levels must be in \[0, 3\], got 4"),
        ("schedule = 3", [], r"write \[schedule\]"),
        ("seed = ", [], "is not TOML"),
        ("seed = " + "1" * 5000, [], "is not TOML: Exceeds the limit"),
        ("seed = " + "[" * 5000, [], "is not TOML: maximum recursion depth"),
        ("", ["seed=" + "1" * 5000], "seed must be a whole number, got '1111"),
        ("", ["schedule.iterations"], "expected KEY=VALUE"),
        ("seed = 1", ["seed.x=1"], "seed is a value, not a section"),
        ("", ["seed=1\nname=5"], "expected one KEY=VALUE, got"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, overrides: list[str], message: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(MaskreidError, match=message):
        Recipe.load(path, overrides)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        (
            {"schedule": ScheduleConfig(policy="step")},
            "schedule.policy must be 'stepdecr' or 'poly' or 'cosine', got",
        ),
        ({"schedule": ScheduleConfig(precision="bf16")}, "schedule.precision must be 'float32' or 'bfloat16', got"),
        ({"batch": BatchConfig(sampler="identity")}, "batch.sampler must be .* got 'identity'"),
    ],
)
def test_a_recipe_made_in_python_is_checked_too(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(MaskreidError, match=f"recipe mine: {message}"):
        Recipe(name="mine", **sections)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(MaskreidError, match="no recipe at"):
        Recipe.load(tmp_path / "none.toml")
    with pytest.raises(MaskreidError, match="no recipe can be read from it"):
        Recipe.load(tmp_path)
