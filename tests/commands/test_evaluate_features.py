"""Anybody's features judged, and two models compared, as a user does it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from running import MASKREID, maskreid, refused, write
from scipy.io import savemat

from maskreid.images import synthetic_world
from maskreid.retrieval import Features, Reranking, compare, evaluate, judge


def people(noise: float) -> dict[str, np.ndarray]:
    """Twenty people in three cameras; queries are of camera 1 and 2."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(20, 8))
    result = {}
    for part, count in (("query", 40), ("gallery", 120), ("mquery", 80)):
        labels = np.arange(count) % 20
        result[f"{part}_f"] = centres[labels] + noise * rng.normal(size=(count, 8))
        result[f"{part}_label"] = labels + 1
        result[f"{part}_cam"] = np.arange(count) // 20 % (3 if part == "gallery" else 2) + 1
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two models gave: layumi's pytorch_result.mat, and a worse one's .npz."""
    made = tmp_path_factory.mktemp("features")
    savemat(made / "pytorch_result.mat", people(0.8))
    np.savez(made / "worse.npz", **people(1.2))
    return made


def test_a_mat_file_is_judged_in_full(folder: Path, tmp_path: Path) -> None:
    file, out = folder / "pytorch_result.mat", tmp_path / "out"
    asked = ["--multi-query", "--rerank", "--per-camera", "--worst", "3", "--out", out]
    told = maskreid("evaluate", "--features", file, *asked).stdout
    assert "40 queries, 120 gallery images, 8 numbers each" in told
    assert "rows were divided by their length" in told
    for row in ("single query", "single query, re-ranked", "multiple query", "multiple query, re-ranked"):
        assert f"| {row} " in told
    assert told.count("| 95 % interval") == 4
    assert "| from camera 1 |" in told
    numbers = json.loads((out / "metrics.json").read_text())
    metrics = evaluate(Features.load(out / "query.npz"), Features.load(out / "gallery.npz"))
    assert numbers["map"] == round(100 * metrics.map, 2)
    assert f" {numbers['map']:.2f} |" in told
    assert numbers["interval95"]["map"][0] < numbers["map"] < numbers["interval95"]["map"][1]
    assert {(cell["query_camera"], cell["gallery_camera"]) for cell in numbers["camera_pairs"]} == {
        (1, 2),
        (1, 3),
        (2, 1),
        (2, 3),
    }
    assert [each["ap"] for each in numbers["worst_queries"]] == sorted(np.round(100 * metrics.ap, 2))[:3]
    again = maskreid("evaluate", "--features", out, "--multi-query").stdout
    for row in ("single query", "multiple query"):
        assert numbers_in(again, row) == numbers_in(told, row), "what was written is what was judged"


def test_re_ranking_takes_parameters_and_remembers_them(folder: Path, tmp_path: Path) -> None:
    asked = ["--features", folder / "worse.npz", "--rerank"]
    usual = maskreid("evaluate", *asked, "--out", tmp_path / "usual").stdout
    told = maskreid("evaluate", *asked, "--k1", "5", "--k2", "1", "--lambda", "0.9", "--out", tmp_path / "own").stdout
    assert numbers_in(told, "single query") == numbers_in(usual, "single query")
    assert "\nre-ranked with k1 = 5, k2 = 1, lambda = 0.9\n" in told
    row = "single query, re-ranked"
    assert numbers_in(told, row) != numbers_in(usual, row)
    test = (Features.load(tmp_path / "own" / f"{split}.npz") for split in ("query", "gallery"))
    judged = judge(*test, reranking=Reranking(k1=5, k2=1, lambda_=0.9))
    numbers = json.loads((tmp_path / "own/metrics.json").read_text())
    assert numbers["evaluations"][row]["map"] == round(100 * judged.metrics[row].map, 2)
    assert numbers["reranking"] == {"k1": 5, "k2": 1, "lambda_": 0.9, "probes": None}
    published = {"k1": 20, "k2": 6, "lambda_": 0.3, "probes": None}
    assert json.loads((tmp_path / "usual/metrics.json").read_text())["reranking"] == published


def test_what_was_found_is_written_before_it_is_printed(folder: Path, tmp_path: Path) -> None:
    """As when somebody pipes the table into ``head``."""
    out = tmp_path / "out"
    command = [MASKREID, "evaluate", "--features", folder / "worse.npz", "--out", out]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr
        assert b"Traceback" not in process.stderr.read()
    assert json.loads((out / "metrics.json").read_text())["rank1"] > 0
    assert (out / "gallery.npz").is_file()


def test_what_is_known_of_the_model_stays_with_its_features(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    maskreid("evaluate", "--features", folder / "worse.npz", "--out", first)
    numbers = json.loads((first / "metrics.json").read_text())
    known = {"data": "made up", "facts": {"input": "48 x 32"}, "masks": {"source": "dataset"}, "calibration": None}
    (first / "metrics.json").write_text(json.dumps(numbers | known))
    maskreid("evaluate", "--features", first, "--protocol", "cuhk03-classic", "--out", second)
    again = json.loads((second / "metrics.json").read_text())
    assert known.items() <= again.items()
    assert list(again["evaluations"]) == ["single gallery shot"]


def numbers_in(table: str, row: str) -> list[str]:
    (cells,) = re.findall(rf"^\| {row} +\|(.*)\|$", table, re.MULTILINE)
    return [cell.strip() for cell in cells.split("|")]


@pytest.mark.parametrize(
    ("protocol", "row"),
    [
        ("market1501", "single query"),
        ("market1501-multiple", "multiple query"),
        ("cuhk03-classic", "single gallery shot"),
        ("all-vs-all", "all against all"),
    ],
)
def test_every_protocol_by_its_name(folder: Path, protocol: str, row: str) -> None:
    told = maskreid("evaluate", "--features", folder / "pytorch_result.mat", "--protocol", protocol).stdout
    assert f"| {row} " in told


def test_judging_features_does_without_torch(folder: Path) -> None:
    code = (
        "import sys; from maskreid.cli.main import app\n"
        f"sys.argv = ['maskreid', 'evaluate', '--features', {str(folder / 'worse.npz')!r}, '--per-camera']\n"
        "try: app()\nexcept SystemExit as end: assert not end.code\n"
        "assert not {'torch', 'matplotlib'} & set(sys.modules), 'a heavy import'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_two_models_are_compared(folder: Path, tmp_path: Path) -> None:
    better = tmp_path / "better"
    maskreid("evaluate", "--features", folder / "pytorch_result.mat", "--out", better)
    told = maskreid("compare", folder / "worse.npz", better).stdout
    assert "single query, 40 queries" in told
    cells = {line.split("|")[1].strip(): line.split("|")[2:-1] for line in told.splitlines() if line.startswith("|")}
    a, b = (
        evaluate(*(Features.normalised(*(made[f"{part}_{kind}"] for kind in ("f", "label", "cam"))) for part in pair))
        for made in (people(1.2), people(0.8))
        for pair in [("query", "gallery")]
    )
    expected = compare(a, b)["map"]
    assert float(cells["mAP"][0]) == pytest.approx(100 * a.map, abs=0.006)
    assert float(cells["mAP"][1]) == pytest.approx(100 * b.map, abs=0.006)
    assert cells["mAP"][2].strip() == f"{100 * (b.map - a.map):+.2f}"
    assert float(cells["mAP"][4]) == pytest.approx(expected.p, abs=1e-4)
    assert float(cells["mAP"][4]) < 0.05
    for protocol in ("cuhk03-classic", "all-vs-all", "market1501-multiple"):
        maskreid("compare", folder / "worse.npz", folder / "pytorch_result.mat", "--protocol", protocol)


def test_models_are_tested_and_compared_on_another_dataset(tmp_path: Path) -> None:
    """Cross-dataset is only another DATA: the shipped model, of Market-1501, on the generated world."""
    write(synthetic_world(train=1, test=20, cameras=2, images=2, distractors=20, junk=0), tmp_path / "world")
    out = tmp_path / "out"
    data = ["--data", tmp_path / "world", "--cache", tmp_path / "cache", "--precision", "bfloat16"]
    told = maskreid("evaluate", "market1501-compact", *data, "--per-camera", "--worst", "2", "--out", out).stdout
    assert "| 95 % interval" in told
    page = (out / "report.html").read_text()
    assert "From camera to camera" in page
    assert "Where it fails most" in page
    assert "with the mirror image" not in page
    both = tmp_path / "both"
    maskreid("evaluate", "market1501-compact", *data, "--flip", "--out", both)
    found = [json.loads((folder / "metrics.json").read_text())["evaluations"] for folder in (out, both)]
    assert found[0] != found[1]
    assert "512 numbers out in 4 parts, with the mirror image" in (both / "report.html").read_text()
    same = maskreid("compare", out, "market1501-compact", *data).stdout
    assert same.count("+0.00 to +0.00 |") == 7


def test_models_are_compared_on_people_whom_none_has_learned(tmp_path: Path) -> None:
    world = synthetic_world(train=8, test=1, cameras=2, images=2, distractors=0, junk=0)
    for place, image in enumerate(world.splits["train"]):
        folder = tmp_path / "people" / str(image.identity)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{place}.jpg").write_bytes(world.source.read(image.path))
    data = ["--data", tmp_path / "people", "--cache", tmp_path / "cache", "--precision", "bfloat16"]
    told = maskreid("compare", "market1501-compact", "market1501", "--held-out", *data).stdout
    assert "single query, 32 queries of 8 people whom neither learned, among 32 images" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate"], "needs MODEL and --data DATA, or --features FILE"),
        (["evaluate", "market1501"], "needs MODEL and --data DATA, or --features FILE"),
        (["evaluate", "--data", "synthetic"], "needs MODEL and --data DATA, or --features FILE"),
        (["evaluate", "market1501", "--features", "{worse}", "--flip"], "leave out MODEL, --flip"),
        (["evaluate", "--features", "{worse}", "--masks", "fcn"], "leave out --masks"),
        (["evaluate", "--features", "{tmp}/none.npz"], "no such file"),
        (["evaluate", "--features", "{tmp}"], "expected query.npz and gallery.npz"),
        (["evaluate", "--features", "{tmp}/f.pth"], "pickled files can run code"),
        (["evaluate", "--features", "{worse}", "--protocol", "cuhk03"], "no protocol 'cuhk03'; expected market1501"),
        (["evaluate", "--features", "{worse}", "--protocol", "all-vs-all", "--rerank"], "re-ranking needs queries"),
        (["evaluate", "--features", "{worse}", "--k1", "5", "--lambda", "0.1"], "--rerank: leave out --k1, --lambda"),
        (["evaluate", "--features", "{worse}", "--probes", "4"], "without --rerank: leave out --probes"),
        (["evaluate", "--features", "{worse}", "--protocol", "cuhk03-classic", "--per-camera"], "searched whole"),
        (
            ["evaluate", "market1501", "--data", "synthetic", "--protocol", "all-vs-all", "--multi-query"],
            "a form of protocol market1501",
        ),
        (["evaluate", "--features", "{worse}", "--precision", "bfloat16"], "leave out --precision"),
        (
            [
                "compare",
                "{worse}",
                "{worse}",
                "--split",
                "1",
                "--format",
                "csv",
                "--device",
                "foo",
                "--cache",
                "{tmp}",
            ],
            "leave out --format, --split, --cache, --device",
        ),
        (["compare", "{worse}", "{worse}", "--precision", "bfloat16"], "leave out --precision"),
        (["report", "{worse}", "--out", "{tmp}/r", "--split", "1"], "leave out --split"),
        (
            ["report", "{worse}", "--out", "{tmp}/r", "--device", "foo", "--precision", "bfloat16"],
            "leave out --precision, --device",
        ),
        (["ranks", "{worse}", "--data", "synthetic", "--queries", "1", "--device", "foo"], "leave out --device"),
        (["compare", "{worse}", "market1501"], "market1501: holds no features"),
        (["compare", "{worse}", "{short}"], "40 query images against 20"),
        (["compare", "{worse}", "nobody", "--data", "synthetic"], "no model 'nobody'"),
        (["compare", "market1501", "{worse}", "--held-out", "--data", "synthetic"], "worse.npz holds features"),
        (["compare", "a", "b", "--held-out", "--protocol", "all-vs-all"], "leave out --protocol all-vs-all"),
        (["compare", "{worse}", "{worse}", "--without", "115"], "leave out --without"),
        (["compare", "market1501", "a", "--data", "b", "--data", "c"], "expected one --data, got 2"),
        (
            ["compare", "market1501", "market1501", "--held-out", "--data", "synthetic", "--without", "a"],
            "expected identities as numbers with commas, got 'a'",
        ),
        (["compare", "market1501", "market1501-compact", "--held-out"], "a model needs --data DATA"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_one_line_and_status_2(folder: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    short = {name: array[:20] if name.startswith("query") else array for name, array in people(1).items()}
    np.savez(tmp_path / "short.npz", **short)
    places = {"worse": folder / "worse.npz", "short": tmp_path / "short.npz", "tmp": tmp_path}
    said = refused(*(argument.format(**places) for argument in arguments))
    assert message in said
    assert said.startswith("maskreid: ")
    assert said.count("\n") == 1


def test_an_open_set_that_cannot_be_had_loses_nothing_else(tmp_path: Path) -> None:
    arrays = {key: value[:2] if key.startswith("query") else value for key, value in people(0.1).items()}
    arrays["query_label"][:] = 1
    np.savez(tmp_path / "one.npz", **arrays)
    done = maskreid("evaluate", "--features", tmp_path / "one.npz", "--open-set", "--out", tmp_path / "out")
    assert "open set: expected two people or more who can be found, got 1: not measured" in done.stdout
    assert "open_set" not in json.loads((tmp_path / "out" / "metrics.json").read_text())
