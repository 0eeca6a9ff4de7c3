from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.training import Recipe
from maskreid.training.run_folder import RunFolder, RunInUseError

RECIPE = Recipe(name="tiny")


def test_a_checkpoint_comes_back_and_the_log_is_cut_to_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run", RECIPE, "data-1")
    for iteration in (10, 20, 30):
        folder.log({"iteration": iteration, "loss": 1 / iteration})
    folder.save_checkpoint({"iteration": 20, "weights": torch.arange(3)})
    with folder.log_path.open("a") as file:
        file.write('{"iteration": 3')  # a kill in the middle of a line
    folder.close()
    state = RunFolder(tmp_path / "run", RECIPE, "data-1").load_checkpoint()
    assert state is not None
    assert state["weights"].tolist() == [0, 1, 2]
    assert [json.loads(line)["iteration"] for line in folder.log_path.read_text().splitlines()] == [10, 20]


def test_a_new_folder_has_no_checkpoint(tmp_path: Path) -> None:
    assert RunFolder(tmp_path / "a" / "b", RECIPE, "data").load_checkpoint() is None


def test_a_kill_while_saving_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path, RECIPE, "data")
    folder.save_checkpoint({"iteration": 1})

    def killed(part: Path, whole: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        folder.save_checkpoint({"iteration": 2})
    assert folder.load_checkpoint() == {"iteration": 1}


def test_a_full_disk_is_one_line_and_leaves_the_old_checkpoint(tmp_path: Path, small_disk: None) -> None:
    folder = RunFolder(tmp_path, RECIPE, "data")
    folder.save_checkpoint({"iteration": 1})
    with pytest.raises(
        MaskreidError, match=r"checkpoint\.pt: cannot be written .*; make room; the same command then"
    ):
        folder.save_checkpoint({"iteration": 2, "weights": torch.zeros(100_000)})
    assert folder.load_checkpoint() == {"iteration": 1}


def test_only_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    for name in ("checkpoint.pt.0123abcd.part", "film.mkv.part", "checkpoint.pt.old.part"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / "folder.part").mkdir()
    RunFolder(tmp_path, RECIPE, "data").close()
    assert {path.name for path in tmp_path.glob("*.part")} == {
        "film.mkv.part",
        "checkpoint.pt.old.part",
        "folder.part",
    }


@pytest.mark.parametrize("name", ["log.jsonl", "people.csv", "checkpoint.pt", "model.safetensors", "model.json"])
def test_the_folder_of_somebody_else_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    (tmp_path / "checkpoint.pt.0123abcd.part").write_bytes(b"half")
    with pytest.raises(MaskreidError, match=f"not the folder of a run: it has {name} but no recipe"):
        RunFolder(tmp_path, RECIPE, "data")
    assert {path.name for path in tmp_path.iterdir()} == {".lock", name, "checkpoint.pt.0123abcd.part"}


@pytest.mark.parametrize("name", ["metrics.json", "query.npz", "gallery.npz"])
def test_a_run_does_not_begin_among_the_numbers_of_another_model(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("a test")
    with pytest.raises(MaskreidError, match=f"not the folder of a run: it has {name} but no recipe"):
        RunFolder(tmp_path, RECIPE, "data")


def test_a_run_that_has_learned_nothing_gives_way_to_another_recipe(tmp_path: Path) -> None:
    failed = RunFolder(tmp_path, RECIPE, "data")
    failed.log({"iteration": 20, "loss": 1e9})
    with pytest.raises(MaskreidError, match="another process trains there"):
        RunFolder(tmp_path, replace(RECIPE, seed=9), "data")
    failed.close()
    corrected = RunFolder(tmp_path, replace(RECIPE, seed=9), "data")
    assert corrected.load_checkpoint() is None
    assert corrected.log_path.read_text() == ""
    corrected.close()
    assert Recipe.load(tmp_path / "recipe.toml").seed == 9


def test_a_recipe_that_no_run_wrote_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("# mine\n" + replace(RECIPE, seed=9).to_toml())
    with pytest.raises(MaskreidError, match=r"recipe\.toml is not of a run; name another"):
        RunFolder(tmp_path, RECIPE, "data")
    (tmp_path / "recipe.toml").write_bytes("# José's\n".encode("latin-1"))
    with pytest.raises(MaskreidError, match=r"recipe\.toml is not of a run; name another"):
        RunFolder(tmp_path, RECIPE, "data")


def test_what_is_different_about_another_run_is_said_and_no_more(tmp_path: Path) -> None:
    RunFolder(tmp_path, RECIPE, "data", "model").close()
    (tmp_path / "checkpoint.pt").touch()
    with pytest.raises(MaskreidError, match=r"\(there: seed = 0; asked for: seed = 9\); name another"):
        RunFolder(tmp_path, replace(RECIPE, seed=9), "data", "model")
    with pytest.raises(MaskreidError, match="images count by their paths too"):
        RunFolder(tmp_path, RECIPE, "other data", "model")
    with pytest.raises(MaskreidError, match="init other") as refused:
        RunFolder(tmp_path, RECIPE, "data", "other")
    assert "paths" not in str(refused.value)


@pytest.mark.parametrize("model", ["model.safetensors", "model.json"])
def test_a_model_without_its_checkpoint_is_not_written_over(tmp_path: Path, model: str) -> None:
    folder = RunFolder(tmp_path, RECIPE, "data")
    folder.log({"iteration": 20, "loss": 1.0})
    (tmp_path / model).touch()
    before = folder.log_path.read_text()
    with pytest.raises(MaskreidError, match=r"has a model but no checkpoint\.pt, so this run cannot go on"):
        folder.load_checkpoint()
    assert folder.log_path.read_text() == before
    folder.checkpoint_path.write_bytes(b"damaged")
    with pytest.raises(MaskreidError, match=f"remove {tmp_path}, and the run begins again"):
        folder.load_checkpoint()


def test_a_disk_too_small_for_the_recipe_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("maskreid.training.run_folder.write_atomically", full)
    with pytest.raises(MaskreidError, match="choose another run folder"):
        RunFolder(tmp_path, RECIPE, "data")


@pytest.mark.parametrize(
    ("recipe", "data", "init"),
    [(replace(RECIPE, seed=9), "data", "model"), (RECIPE, "other data", "model"), (RECIPE, "data", "other model")],
)
@pytest.mark.parametrize("learned", ["checkpoint.pt", "model.safetensors", "model.json"])
def test_another_experiment_is_refused(tmp_path: Path, recipe: Recipe, data: str, init: str, learned: str) -> None:
    RunFolder(tmp_path, RECIPE, "data", "model").close()
    (tmp_path / learned).touch()
    with pytest.raises(MaskreidError, match=r"holds a run of another recipe, other data .*(seed|data|model)"):
        RunFolder(tmp_path, recipe, data, init)
    RunFolder(tmp_path, RECIPE, "data", "model").close()


def test_the_model_to_start_from_may_lie_elsewhere(tmp_path: Path) -> None:
    RunFolder(tmp_path, replace(RECIPE, init="runs/first/model"), "data", "the same").close()
    RunFolder(tmp_path, replace(RECIPE, init="/home/me/runs/first/model"), "data", "the same").close()


def test_teachers_may_lie_elsewhere_but_be_no_others(tmp_path: Path) -> None:
    taught = replace(RECIPE, loss=replace(RECIPE.loss, distillation=1.0), teachers=("a", "b"))
    RunFolder(tmp_path, taught, "data", "model", ["1", "2"]).close()
    (tmp_path / "checkpoint.pt").touch()
    RunFolder(tmp_path, replace(taught, teachers=("/c/a", "/c/b")), "data", "model", ["1", "2"]).close()
    for others in (["1", "3"], ["1"], []):
        with pytest.raises(MaskreidError, match=r"holds a run of another recipe, other data or .*teacher 2"):
            RunFolder(tmp_path, taught, "data", "model", others)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    first = RunFolder(tmp_path, RECIPE, "data")
    with pytest.raises(RunInUseError, match="another process trains there"):
        RunFolder(tmp_path, RECIPE, "data")
    first.close()
    RunFolder(tmp_path, RECIPE, "data").close()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"no archive"])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    folder = RunFolder(tmp_path, RECIPE, "data")
    folder.checkpoint_path.write_bytes(content)
    with pytest.raises(MaskreidError, match=r"checkpoint\.pt is damaged .* remove it"):
        folder.load_checkpoint()


@pytest.mark.parametrize("state", [[1, 2], {"weights": 3}, {"iteration": None}])
def test_a_checkpoint_of_another_program_is_named(tmp_path: Path, state: Any) -> None:
    folder = RunFolder(tmp_path, RECIPE, "data")
    torch.save(state, folder.checkpoint_path)
    with pytest.raises(MaskreidError, match=r"checkpoint\.pt is damaged .* remove it"):
        folder.load_checkpoint()


def test_a_damaged_log_is_cut_to_what_can_be_read(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, RECIPE, "data")
    folder.log({"iteration": 1, "loss": 2.0})
    folder.save_checkpoint({"iteration": 1})
    with folder.log_path.open("ab") as file:
        file.write(b'{"iteration": 1, "\xff\xfe')
    folder.load_checkpoint()
    assert folder.log_path.read_text() == '{"iteration": 1, "loss": 2.0}\n'


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MaskreidError, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run", RECIPE, "data")


def test_a_run_from_before_a_key_existed_continues_with_its_default(tmp_path: Path) -> None:
    RunFolder(tmp_path, RECIPE, "data").close()
    saved = tmp_path / "recipe.toml"
    lines = saved.read_text(encoding="utf-8").splitlines(keepends=True)
    saved.write_text("".join(line for line in lines if not line.startswith("erase")), encoding="utf-8")
    RunFolder(tmp_path, RECIPE, "data")
    assert saved.read_text(encoding="utf-8") == "".join(lines)
