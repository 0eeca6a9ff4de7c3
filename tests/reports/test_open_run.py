"""What a person names, opened for a report, and the guide's Python."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.reports import Details, make_page, open_subject, short_names, write_numbers, written_to
from maskreid.reports.subject import Masks
from maskreid.retrieval import NAMED_PROTOCOLS, Features, Reranking, judge, save_folder
from maskreid.training.history import History

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "reports.md"
CARD = {
    "slope": 9.0,
    "size_slope": -0.5,
    "offset": -2.0,
    "thresholds": {"0.01": 0.5},
    "people": 20,
    "entries": 300,
    "ece": 0.0,
    "data": "made up",
}


def features(seed: int, count: int, camera: int) -> Features:
    rng = np.random.default_rng(seed)
    identities = np.arange(count) % 6 + 1
    vectors = np.random.default_rng(0).normal(size=(7, 8))[identities] + rng.normal(size=(count, 8))
    return Features.normalised(vectors, identities, np.full(count, camera), [f"{seed}/{n}" for n in range(count)])


@pytest.fixture
def tested(tmp_path: Path) -> Path:
    """What ``evaluate --protocol all-vs-all --out`` leaves of a calibrated model."""
    query, gallery = features(1, 12, 1), features(2, 30, 2)
    judgement = judge(query, gallery, protocol=NAMED_PROTOCOLS["all-vs-all"])
    about = {"data": "made up", "model": "m", "facts": {"data": "made up, here"}, "calibration": CARD}
    write_numbers(tmp_path / "metrics.json", judgement, about=about, details=Details())
    save_folder(tmp_path, query, gallery)
    return tmp_path


def test_a_test_is_judged_again_as_it_was(tested: Path) -> None:
    subject = open_subject(str(tested))
    assert subject.test
    assert list(subject.test.judgement.metrics) == ["all against all"]
    before = json.loads((tested / "metrics.json").read_text())["map"]
    assert 100 * subject.test.judgement.main.map == pytest.approx(before, abs=0.0051)
    assert subject.facts["data"] == "made up, here"
    assert subject.calibration
    assert subject.test.details.reliability
    assert subject.test.details.thresholds == {"0.01": 0.5}
    other = open_subject(str(tested), protocol="market1501", examining=False)
    assert other.test
    assert list(other.test.judgement.metrics) == ["single query"]
    assert other.test.details.pairs is None


def test_re_ranking_is_done_again_where_it_was_done(tmp_path: Path) -> None:
    query, gallery = features(1, 12, 1), features(2, 30, 2)
    write_numbers(
        tmp_path / "metrics.json", judge(query, gallery, reranking=Reranking(lambda_=0.1, probes=3)), about={}
    )
    save_folder(tmp_path, query, gallery)
    subject = open_subject(str(tmp_path), examining=False)
    assert subject.test
    assert subject.test.judgement.reranking == Reranking(lambda_=0.1, probes=3)
    page = make_page([subject], "a page").html
    assert '<th scope="row">re-ranking</th><td>k1 = 20, k2 = 6, lambda = 0.1, 3 probes</td>' in page
    plain = open_subject(str(tmp_path), protocol="all-vs-all", examining=False)
    assert "re-ranking" not in make_page([plain], "a page").html
    assert plain.test
    assert plain.test.judgement.reranking is None
    assert list(subject.test.judgement.metrics) == ["single query", "single query, re-ranked"]


def test_a_page_without_pictures_has_no_rank_lists_and_says_nothing_of_real_people(tested: Path) -> None:
    page = make_page([open_subject(str(tested))], "a page")
    assert "<img" not in page.html
    assert "real people" not in page.html
    assert "reliability" in page.figures
    assert ", as calibrated." in page.html


def test_thresholds_are_said_to_be_calibrated_only_where_they_are(tested: Path) -> None:
    calibrated = open_subject(str(tested))
    assert calibrated.test
    other = replace(calibrated, name="other", calibration=None, test=replace(calibrated.test, name="other"))
    assert ", as calibrated, or in this test for a run that is not." in make_page([calibrated, other], "two").html
    assert ", in this test." in make_page([other], "one").html


def test_a_name_that_is_no_text_is_escaped(tested: Path) -> None:
    page = make_page([open_subject(str(tested))], "run\udce9")
    assert r"run\udce9" in page.html
    page.html.encode()
    tested.rename(tested.with_name("run\udce9"))
    page = make_page([open_subject(str(tested.with_name("run\udce9")))], "run")
    assert r"run\udce9" in page.html


def test_a_damaged_metrics_json_is_named(tested: Path) -> None:
    (tested / "metrics.json").write_text('{"evalua')
    with pytest.raises(MaskreidError, match=r"metrics\.json: not JSON"):
        open_subject(str(tested))
    (tested / "metrics.json").write_text("[]")
    with pytest.raises(MaskreidError, match="expected an object, got list"):
        open_subject(str(tested))
    (tested / "metrics.json").write_text('{"evaluations": 5}')
    with pytest.raises(MaskreidError, match="evaluations: expected an object by name"):
        open_subject(str(tested))


def test_a_run_without_a_model_yet_has_its_curves(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"iteration": 20, "loss": 3.0, "learning_rate": 0.1}\n')
    page = make_page([open_subject(str(tmp_path))], "begun")
    assert list(page.figures) == ["losses"]


def test_where_a_report_goes(tmp_path: Path) -> None:
    run = tmp_path / "a" / "test"
    for place in ("a/test", "a/lr0.1", "a/lr0.01", "b/test", "c/test"):
        (tmp_path / place).mkdir(parents=True)
    assert written_to(str(run)) == run / "report"
    assert written_to(str(run), str(tmp_path / "a" / "lr0.1")) == run / "report-against-lr0.1"
    assert written_to(str(run), str(tmp_path / "a" / "lr0.01")) == run / "report-against-lr0.01"
    assert written_to(str(run), "market1501") == run / "report-against-market1501"
    elsewhere = [written_to(str(run), str(tmp_path / each / "test")).name for each in ("b", "c")]
    assert len(set(elsewhere)) == 2
    assert all(name.startswith("report-against-test-") for name in elsewhere)
    with pytest.raises(MaskreidError, match="say where with --out"):
        written_to(str(tmp_path / "features.npz"))


def test_a_run_is_named_by_its_folder_also_from_inside(tested: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tested)
    assert short_names(["."]) == [tested.name]
    assert open_subject(".", examining=False).name == tested.name
    (tested.parent / "link").symlink_to(tested)
    assert short_names([str(tested.parent / "link")]) == ["link"]
    assert short_names(["a/test", "b/test"]) == ["a/test", "b/test"]


def test_the_guides_python_writes_a_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    arrays = {}
    for part, each in (("query", features(1, 12, 1)), ("gallery", features(2, 30, 2))):
        arrays |= {f"{part}_{kind}": getattr(each, kind) for kind in ("identities", "cameras")}
        arrays[f"{part}_features"] = each.vectors
    np.savez(tmp_path / "features.npz", **arrays)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "reports.md", "exec"), {})
    assert (tmp_path / "cmc.pdf").read_bytes().startswith(b"%PDF")


def test_the_guide_names_every_figure(tested: Path) -> None:
    steps = np.array([20, 40])
    scores = {"rank1": np.array([0.5, 0.75]), "map": np.array([0.25, 0.5])}
    history = History(steps, {"loss": np.array([2.0, 1.0])}, np.ones(2), steps, scores)
    masks = Masks("fcn", np.linspace(0, 1, 40, dtype=np.float32), 0.05, 2)
    one = replace(open_subject(str(tested)), history=history, masks=masks)
    assert one.test
    other = replace(one, name="other", test=replace(one.test, name="other"))
    pages = [make_page([one], "a page"), make_page([one, other], "two")]
    drawn = {name for page in pages for name in page.figures}
    assert {"mask-coverage", "losses", "validation", "difference", "camera-pairs-gain"} <= drawn
    suffixes = "(`-a`, `-b`, `-gain`)"
    guide = GUIDE.read_text().replace(suffixes, "`camera-pairs-a` `camera-pairs-b` `camera-pairs-gain`")
    assert [name for name in sorted(drawn) if f"`{name}`" not in guide] == []
