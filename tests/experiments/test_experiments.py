"""The paper's tables again, on planted datasets and a budget of a few iterations."""

from __future__ import annotations

import fcntl
import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from running import maskreid, refused

from maskreid.errors import MaskreidError
from maskreid.experiments import BUDGETS, Budget, published_tables, reproduce, workshop
from maskreid.experiments.plan import BESIDE, experiment
from maskreid.images import Dataset, open_dataset
from maskreid.training import Recipe, ScheduleConfig, train
from maskreid.training.run_folder import LOCK

TINY = Budget(
    "tiny",
    resize=(40, 36),
    input_size=(36, 32),
    joint_batch=8,
    joint=ScheduleConfig(iterations=3, learning_rate=0.01),
    second=ScheduleConfig(iterations=2, learning_rate=0.001),
    width=0.1,
)


def picture(path: Path, identity: int, seed: int) -> None:
    random = np.random.default_rng((identity, 7))
    shirt = random.integers(0, 255, (1, 1, 3))
    noise = np.random.default_rng(seed).integers(-20, 20, (48, 24, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(shirt + noise, 0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def viper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("viper")
    for person in range(12):
        for seed, camera in enumerate("ab"):
            picture(root / f"cam_{camera}" / f"{person:03d}_0.bmp", person, 2 * person + seed)
    return root


def plant(root: Path, names: str, *, boxes: bool) -> Path:
    """56 people to learn from, more than the 54 negatives of a ranking batch, and 4 to search for."""
    people = {"bounding_box_train": range(1, 57), "query": range(60, 64), "bounding_box_test": range(60, 64)}
    for folder, these in {**people, **({"gt_bbox": range(60, 64)} if boxes else {})}.items():
        for person in these:
            for camera in (1,) if folder == "query" else (1, 2):
                name = names.format(person=person, camera=camera)
                picture(root / folder / name, person, 10 * person + camera)
    return root


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("market"), "{person:04d}_c{camera}s1_{person:06d}_01.jpg", boxes=True)


@pytest.fixture(scope="module")
def duke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plant(tmp_path_factory.mktemp("duke"), "{person:04d}_c{camera}_f{person:07d}.jpg", boxes=False)


def test_the_paper_agrees_with_itself() -> None:
    tables = {name: {row.key: row.values for row in table.rows} for name, table in published_tables().items()}
    assert list(tables) == [f"table{number}" for number in range(1, 7)]
    assert tables["table6"]["1/0.2"] == tables["table2"]["maskreid"][:2] == tables["table5"]["ranking"][:2]
    assert tables["table1"]["maskreid"] == tables["table4"]["maskreid"]
    assert len(tables["table6"]) == 25
    for name, table in published_tables().items():
        assert all(len(row.values) == len(table.columns) for row in table.rows), name


def test_the_chosen_cell_of_table_6_is_the_ranking_row_of_table_5_and_trained_once() -> None:
    assert experiment("table6", "1/0.2") == experiment("table5", "ranking") == experiment("table2", "maskreid")
    others = {str(experiment("table6", row.key)) for row in published_tables()["table6"].rows}
    assert len(others) == 25


def test_a_row_with_both_stages(viper: Path, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = reproduce("table5:ranking", [viper, market], tmp_path, TINY, seeds=2)
    ours = result.ours["ranking"]
    assert len(ours.runs) == 2
    assert all(0 <= value <= 100 for value in ours.mean if value is not None)
    assert None not in ours.mean
    text = (tmp_path / "tiny" / "table5-ranking.md").read_text()
    assert "| Ranking | 90.44 | 75.36 | 93.35 | 82.37 |" in text
    assert "| **ours, tiny, 2 seeds** |" in text
    assert "| SQ Rank-1 | SQ mAP (trapezoid) |" in text
    assert "first stage on market1501, viper (the paper's is on the small datasets alone)." in text
    assert "is assumed, and ours is that" in text
    saved = json.loads((tmp_path / "tiny" / "table5-ranking.json").read_text())
    assert saved["ours"]["ranking"]["mean"] == list(ours.mean)
    assert np.mean(saved["ours"]["ranking"]["values"], axis=0).tolist() == pytest.approx(list(ours.mean))
    assert saved["budget"]["second"]["iterations"] == 2
    assert "<svg" in (tmp_path / "tiny" / "table5-ranking.svg").read_text()
    assert "<!-- Ranking" in (tmp_path / "tiny" / "table5-ranking-similarities.svg").read_text()
    recipe = (tmp_path / "tiny" / "market1501-ranking-seed1" / "recipe.toml").read_text()
    assert 'init = "' in recipe
    assert "joint-maskreid-seed1" in recipe
    monkeypatch.setattr(workshop, "evaluate_model", pytest.fail)  # what is tested is not tested again
    assert reproduce("table5:ranking", [viper, market], tmp_path, TINY, seeds=2) == result
    assert reproduce("table5:ranking", [viper, market], tmp_path, TINY) == result  # a finished seed is not forgotten
    assert reproduce("table6:1/0.2", [viper, market], tmp_path, TINY).ours["1/0.2"].runs == ours.runs


def test_what_another_process_trains_is_waited_for(
    viper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "tiny" / "joint-maskreid-seed0"
    run.mkdir(parents=True)
    other = (run / LOCK).open("a")
    fcntl.flock(other, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as ours:
        result = ours.submit(reproduce, "table1:maskreid", [viper], tmp_path, TINY)
        said = ""
        with other:
            while "waiting for it" not in said and not result.done():
                said += capsys.readouterr().err
                time.sleep(0.02)
            assert not (run / "recipe.toml").exists()
        assert len(result.result().ours["maskreid"].runs) == 1
    assert f"another process trains {run}; waiting for it" in said


def test_boxes_are_embedded_for_tables_that_pool_queries_alone(viper: Path, market: Path, tmp_path: Path) -> None:
    single = reproduce("table6:1/0.2", [viper, market], tmp_path, TINY)
    test = tmp_path / "tiny" / "market1501-ranking-seed0" / "test-market1501.json"
    assert list(json.loads(test.read_text())["evaluations"]) == ["single query", "single query, re-ranked"]
    both = reproduce("table5:ranking", [viper, market], tmp_path, TINY)
    assert both.ours["ranking"].mean[:2] == single.ours["1/0.2"].mean
    assert None not in both.ours["ranking"].mean
    assert "multiple query, re-ranked" in json.loads(test.read_text())["evaluations"]


def test_nothing_is_shown_that_was_made_of_other_data(viper: Path, tmp_path: Path) -> None:
    names = "{person:04d}_c{camera}s1_{person:06d}_01.jpg"
    market = plant(tmp_path / "market", names, boxes=False)
    before = reproduce("table5:softmax", [viper, market], tmp_path / "out", TINY).ours["softmax"]
    assert before.mean[2:] == (None, None)
    plant(tmp_path / "market", names, boxes=True)
    after = reproduce("table5:softmax", [viper, market], (tmp_path / "out").resolve(), TINY).ours["softmax"]
    assert None not in after.mean
    with pytest.raises(MaskreidError, match="joint-maskreid-seed0 holds a run of another recipe, other data"):
        reproduce("table5:softmax", [market], tmp_path / "out", TINY)
    shutil.rmtree(tmp_path / "out" / "tiny" / "joint-maskreid-seed0")
    with pytest.raises(MaskreidError, match=r"market1501-softmax-seed0 holds a run .* or from another model"):
        reproduce("table5:softmax", [market], tmp_path / "out", TINY)


def test_what_the_second_stage_refuses_costs_no_first_stage(
    viper: Path, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MaskreidError, match="is not UTF-8"):
        reproduce("table5:softmax", [viper, market], tmp_path / "Jos\udce9", TINY)
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(MaskreidError, match=r"loss\.circle is pytorch-metric-learning's, which is not installed"):
        reproduce("table5:circle", [viper, market], tmp_path, TINY)
    assert not list(tmp_path.iterdir())


def test_table_5_can_be_extended(viper: Path, market: Path, tmp_path: Path) -> None:
    keys = ["softmax", *BESIDE["table5"]]
    result = reproduce(f"table5:{','.join(reversed(keys))}", [viper, market], tmp_path, TINY)
    assert set(result.ours) == set(keys)
    lines = result.markdown().splitlines()
    row = lines.index("| Circle | - | - | - | - |")
    assert lines[row + 1].startswith("| **ours, tiny, 1 seed** | **")
    assert (tmp_path / "tiny" / "market1501-oim-seed0" / "model.safetensors").exists()
    assert "<svg" in (tmp_path / "tiny" / f"table5-{'-'.join(reversed(keys))}.svg").read_text()


def test_a_run_that_rows_share_is_opened_once(
    viper: Path, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def recording(recipe: Recipe, dataset: Dataset, run: Path, **options: Any) -> Path:
        opened.append(run.name)
        return train(recipe, dataset, run, **options)

    monkeypatch.setattr(workshop, "train", recording)
    reproduce("table5:softmax,triplet", [viper, market], tmp_path, TINY, seeds=2)
    runs = ("joint-maskreid", "market1501-softmax", "market1501-triplet")
    assert sorted(opened) == sorted(f"{run}-seed{seed}" for run in runs for seed in (0, 1))
    opened.clear()
    reproduce("table2", [viper, market], tmp_path, TINY)  # as ranked, and re-ranked
    assert opened == ["joint-maskreid-seed0", "market1501-ranking-seed0"]


def test_small_datasets_that_are_not_at_hand_are_left_open(viper: Path, tmp_path: Path) -> None:
    result = reproduce("table4:dgd", [viper], tmp_path, TINY)
    (row,) = result.ours.values()
    assert row.mean[0] is not None
    assert row.mean[1:] == (None,) * 5
    assert "| **not run** |" in result.markdown()
    command = "maskreid reproduce table4 --budget tiny --data ..."
    assert f"Not at hand: 3dpes, cuhk01, cuhk03, ilids, prid2011; with them, {command}" in result.markdown()
    assert "fine-tuned to each dataset, with domain guided dropout" in result.markdown()
    assert "which AP" not in result.markdown()
    split = (tmp_path / "tiny" / "joint-dgd-seed0" / "split-viper-0.csv").read_text().splitlines()
    images = open_dataset(viper).splits
    assert len(split) == 1 + sum(map(len, images.values()))
    assert {line.rpartition(",")[2] for line in split[1:]} == {"train", "query", "gallery"}


def test_the_table_is_there_after_each_row(
    viper: Path, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(recipe: Recipe, dataset: Dataset, run: Path, **options: Any) -> Path:
        if "triplet" in run.name:
            raise KeyboardInterrupt
        return train(recipe, dataset, run, **options)

    monkeypatch.setattr(workshop, "train", killed)
    with pytest.raises(KeyboardInterrupt):
        reproduce("table5:softmax,triplet,n-pair", [viper, market], tmp_path, TINY)
    text = (tmp_path / "tiny" / "table5-softmax-triplet-n-pair.md").read_text()
    assert text.count("| **ours, tiny, 1 seed** |") == 1
    assert "Not run yet: triplet, n-pair; maskreid reproduce table5:triplet,n-pair --budget tiny --data ..." in text


def test_what_cannot_be_searched_is_told_before_training(viper: Path, market: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    shutil.copytree(market / "bounding_box_train", alone / "bounding_box_train")
    with pytest.raises(MaskreidError, match="alone: has no query images to test on"):
        reproduce("table5:softmax", [viper, alone], tmp_path / "out", TINY)
    assert not (tmp_path / "out").exists()


def test_dukemtmc_runs_if_the_user_holds_it_and_is_not_joined(viper: Path, duke: Path, tmp_path: Path) -> None:
    result = reproduce("table3", [viper, duke], tmp_path, TINY)
    assert set(result.ours) == {"maskreid", "maskreid-reranked"}
    one, reranked = result.ours.values()
    assert one.runs == reranked.runs
    assert None not in (*one.mean, *reranked.mean)
    assert "first stage on viper." in result.markdown()
    assert "the paper's first version, which had lambda 2" in result.markdown()


def test_refuses(viper: Path, market: Path, tmp_path: Path) -> None:
    for what, data, message in [
        ("table7", [viper], "no table 'table7'; expected table1"),
        (
            "table5:magic",
            [market],
            "table5 has no row 'magic' of ours; expected softmax, triplet, n-pair, ranking, full-ranking",
        ),
        ("table5:ranking,", [market], "table5 has no row '' of ours"),
        ("table1:mgcnn", [viper], "table1 has no row 'mgcnn' of ours; expected maskreid"),
        ("table3", [viper], "table3 is about dukemtmc; none is given with --data"),
        ("table1", [viper, viper], "are both viper; give each dataset once"),
    ]:
        with pytest.raises(MaskreidError, match=message):
            reproduce(what, data, tmp_path, TINY)
    with pytest.raises(MaskreidError, match="seeds: expected at least 1"):
        reproduce("table1", [viper], tmp_path, TINY, seeds=0)


def test_the_command(viper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUDGETS, "cpu", TINY)
    said = maskreid("reproduce", "table4:dgd", "--data", viper, "--budget", "cpu", "--out", tmp_path).stdout
    assert "| **ours, tiny, 1 seed** |" in said
    assert "expected gpu or cpu" in refused("reproduce", "table1", "--data", viper, "--budget", "tpu")
