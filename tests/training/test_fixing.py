"""What stays as the model before has it, looked at as weights and statistics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_loop import TINY, KilledError, killed_at, weights

from maskreid.errors import MaskreidError
from maskreid.images import Dataset
from maskreid.network import MaskReID, NetworkConfig
from maskreid.training import Recipe, ScheduleConfig, train
from maskreid.training.fixing import fix_levels, fixed_levels

ALL = {"streams", "levels.0", "levels.1", "levels.2", "fc7", "fc7_bn"}


@pytest.fixture(scope="module")
def before(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("before") / "run"
    train(replace(TINY, schedule=replace(TINY.schedule, iterations=1)), world, run)
    return run


def after(before: Path, **schedule: object) -> Recipe:
    return replace(TINY, init=str(before / "model"), schedule=replace(TINY.schedule, **schedule))


def changed(before: Path, run: Path) -> set[str]:
    """Return which parts have any other number, batch normalisation's statistics included."""
    was, now = weights(before), weights(run)
    other = [name.split(".") for name, value in now.items() if not torch.equal(value, was[name])]
    return {".".join(name[:2]) if name[0] == "levels" else name[0] for name in other}


def test_the_feature_learns_alone_at_first() -> None:
    config = ScheduleConfig(feature_first=2, fixed_levels=1)
    assert [fixed_levels(config, t) for t in range(4)] == [3, 3, 1, 1]
    assert fixed_levels(ScheduleConfig(), 0) == 0


@pytest.mark.parametrize(
    ("schedule", "learned"),
    [
        ({}, ALL),
        ({"fixed_levels": 1}, ALL - {"streams", "levels.0"}),
        ({"fixed_levels": 2}, {"levels.2", "fc7", "fc7_bn"}),
        ({"fixed_levels": 3}, {"fc7", "fc7_bn"}),
        ({"feature_first": 6}, {"fc7", "fc7_bn"}),
        ({"feature_first": 5, "fixed_levels": 2}, {"levels.2", "fc7", "fc7_bn"}),
        ({"feature_first": 5}, ALL),
    ],
)
def test_only_the_rest_learns(
    world: Dataset, tmp_path: Path, before: Path, schedule: dict[str, int], learned: set[str]
) -> None:
    train(after(before, **schedule), world, tmp_path / "run")
    assert changed(before, tmp_path / "run") == learned


def test_a_network_is_let_learn_again() -> None:
    network = MaskReID(NetworkConfig(width=0.25, dimension=16, input_size=(48, 32), fusion="conv1x1", neck="bn"))
    learns = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    fix_levels(network.train(), 3)
    assert {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad} == {"fc7", "fc7_bn"}
    assert not network.skips.training
    fix_levels(network, 2)
    assert network.skips.training
    fix_levels(network, 0)
    assert {name for name, parameter in network.named_parameters() if parameter.requires_grad} == learns
    assert all(module.training for module in network.modules())


@pytest.mark.parametrize("kill", [3, 5])  # the last checkpoint is at 2, and at 4
def test_a_run_killed_on_either_side_ends_the_same(world: Dataset, tmp_path: Path, before: Path, kill: int) -> None:
    recipe = after(before, feature_first=3, fixed_levels=1)
    train(recipe, world, tmp_path / "whole")
    with pytest.raises(KilledError):
        train(recipe, world, tmp_path / "killed", progress=killed_at(kill))
    train(recipe, world, tmp_path / "killed")
    whole, killed = weights(tmp_path / "whole"), weights(tmp_path / "killed")
    assert all(torch.equal(whole[name], killed[name]) for name in whole)


def test_what_is_compiled_is_let_learn_too(
    world: Dataset, tmp_path: Path, before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the compiler's front end alone, as tests/training/test_compiling.py."""
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda module, **_: real(module, backend="aot_eager"))
    recipe = after(before, feature_first=2, fixed_levels=1, iterations=3, validate_every=3)
    train(recipe, world, tmp_path / "plain")
    train(replace(recipe, schedule=replace(recipe.schedule, compile=True)), world, tmp_path / "compiled")
    assert changed(before, tmp_path / "compiled") == ALL - {"streams", "levels.0"}
    plain, made = weights(tmp_path / "plain"), weights(tmp_path / "compiled")
    for name in plain:
        torch.testing.assert_close(made[name], plain[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("key", ["feature_first", "fixed_levels"])
def test_nothing_is_fixed_that_nobody_has_learned(world: Dataset, tmp_path: Path, key: str) -> None:
    scratch = replace(TINY, schedule=replace(TINY.schedule, **{key: 1}))
    with pytest.raises(MaskreidError, match=rf"schedule.{key} keeps what a model has learned; name it \(init = "):
        train(scratch, world, tmp_path / "run")
    assert not (tmp_path / "run").exists()
