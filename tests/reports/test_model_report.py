"""The page and the numbers of a test, written for a model that was never trained."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.images import Dataset
from maskreid.network import MaskReID, Model, NetworkConfig, load_model, make_card, save_model
from maskreid.reports import Details, model_report, report_on
from maskreid.reports.subject import Masks
from maskreid.retrieval import (
    NAMED_PROTOCOLS,
    Features,
    Reranking,
    bootstrap,
    camera_pairs,
    evaluate,
    identity_scores,
    judge,
    open_set,
    worst_queries,
)
from maskreid.retrieval.reliability import reliability
from maskreid.training import Evaluation, evaluate_model

TITLE = "a <b>bold</b> title"
MASKS = {"source": "dataset", "min_share": 0.05}


@pytest.fixture(scope="module")
def tested(world: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Evaluation, Details]:
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    config = NetworkConfig(width=0.25, dimension=32, input_size=(48, 32))
    training = {"data": "nothing", "images": 0, "identities": 0}
    card = make_card(config, resize=(54, 36), masks=MASKS, training=training, metrics={})
    save_model(folder, MaskReID(config).eval(), card)
    model = load_model(str(folder))
    evaluation = evaluate_model(model, world, reranking=Reranking(), cache=folder / "cache")
    judged = evaluation.judgement
    pairs = camera_pairs(judged.query, judged.gallery)
    worst = worst_queries(judged.main, judged.query, 3)
    scores = identity_scores(judged.query, judged.gallery)
    claimed = np.array([0.05, 0.55, 0.95])
    measured = reliability(claimed, np.array([False, True, True]))
    return model, evaluation, Details(pairs, worst, open_set(scores), measured)


@pytest.fixture(scope="module")
def written(
    world: Dataset, tested: tuple[Model, Evaluation, Details], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    model, evaluation, details = tested
    folder = tmp_path_factory.mktemp("report")
    report_on(model, world, evaluation, folder, title=TITLE, details=details)
    return folder


class Page(HTMLParser):
    """Collects what a test asks about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.images: list[dict[str, str]] = []
        self.links: list[str] = []
        self.classes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.classes += attributes.get("class", "").split()
        if tag == "img":
            self.images.append(attributes)
        self.links += [value for name, value in attributes.items() if name in ("src", "href")]


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page((written / "report.html").read_text())


def test_the_page_asks_nobody_for_anything(page: Page) -> None:
    assert "script" not in page.tags
    assert page.links
    assert all(link.startswith(("data:image/", "#")) for link in page.links)


def test_text_is_escaped(written: Path, page: Page) -> None:
    assert "a &lt;b&gt;bold&lt;/b&gt; title" in (written / "report.html").read_text()
    assert "b" not in page.tags


def test_every_picture_has_words_for_those_who_cannot_see_it(page: Page) -> None:
    assert page.images
    assert all(image["alt"] for image in page.images)


def test_each_list_shows_query_mask_and_answers_both_right_and_wrong(page: Page) -> None:
    lists = page.classes.count("list")
    assert lists == 3 + 16  # the worst, 8 queries, and the same re-ranked
    assert page.classes.count("query") == 2 * lists
    right, wrong = page.classes.count("right"), page.classes.count("wrong")
    assert right > 0
    assert wrong > 0
    assert right + wrong == page.classes.count("hit") == 10 * lists


def test_the_numbers_are_the_ones_that_the_written_features_give(written: Path) -> None:
    numbers = json.loads((written / "metrics.json").read_text())
    metrics = evaluate(Features.load(written / "query.npz"), Features.load(written / "gallery.npz"))
    assert numbers["rank1"] == pytest.approx(100 * metrics.rank(1), abs=0.0051)
    assert numbers["map"] == pytest.approx(100 * metrics.map, abs=0.0051)
    assert numbers["map_trapezoid"] == pytest.approx(100 * metrics.map_trapezoid, abs=0.0051)
    assert set(numbers["evaluations"]) == {"single query", "single query, re-ranked"}
    shown = re.search(r"<td>single query</td><td>([\d.]+)</td>", (written / "report.html").read_text())
    assert shown
    assert float(shown.group(1)) == pytest.approx(100 * metrics.rank(1), abs=0.005)


def test_intervals_camera_pairs_and_worst_queries_are_told_to_programs_and_people(written: Path) -> None:
    numbers = json.loads((written / "metrics.json").read_text())
    page = (written / "report.html").read_text()
    query, gallery = (Features.load(written / f"{split}.npz") for split in ("query", "gallery"))
    metrics = evaluate(query, gallery)
    low, high = bootstrap(metrics)["map"]
    assert numbers["interval95"]["map"] == [round(100 * low, 2), round(100 * high, 2)]
    assert f"<td>{100 * low:.1f}-{100 * high:.1f}</td>" in page
    assert set(numbers["evaluations"]["single query, re-ranked"]["interval95"]) == set(numbers["interval95"])
    pairs = camera_pairs(query, gallery)
    assert numbers["camera_pairs"] == pairs.as_list()
    for scores in (pairs.rank1, pairs.map):
        assert all(f">{100 * score:.1f}</" in page for score in scores[pairs.queries > 0])
    assert [each["row"] for each in numbers["worst_queries"]] == [e.row for e in worst_queries(metrics, query, 3)]
    assert all(f"<td>{each['path']}</td>" in page for each in numbers["worst_queries"])


def test_open_set_and_probabilities_are_told_to_programs_and_people(written: Path) -> None:
    numbers = json.loads((written / "metrics.json").read_text())
    assert 0 <= numbers["open_set"]["tpir_at_fpir_1"] <= numbers["open_set"]["rank1_of_enrolled"] <= 100
    assert numbers["calibration_error"] == pytest.approx((0.05 + 0.45 + 0.05) / 3, abs=1e-4)
    text = (written / "report.html").read_text()
    assert "When half of the people are not enrolled" in text
    assert f"{numbers['open_set']['rank1_of_enrolled']:.1f} ±" in text
    assert "ECE 0.183" in text


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ("market1501", "from the query's own camera are not counted, so they are not shown.</p>"),
        ("all-vs-all", "The query's own picture is not counted, so it is not shown.</p>"),
        ("cuhk03-classic", "one drawn picture of each person; here all pictures answer.</p>"),
    ],
)
def test_the_page_says_what_its_lists_leave_out(
    world: Dataset, tested: tuple[Model, Evaluation, Details], tmp_path: Path, protocol: str, said: str
) -> None:
    model, evaluation, _ = tested
    features = (evaluation.features[part] for part in ("query", "gallery"))
    judged = replace(evaluation, judgement=judge(*features, protocol=NAMED_PROTOCOLS[protocol]))
    report_on(model, world, judged, tmp_path, title=TITLE)
    assert said in html.unescape((tmp_path / "report.html").read_text())


def test_features_are_safe_where_the_page_fails(
    world: Dataset, tested: tuple[Model, Evaluation, Details], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(model_report, "make_page")
    model, evaluation, details = tested
    with pytest.raises(NameError, match="make_page"):
        report_on(model, world, evaluation, tmp_path, title=TITLE, details=details)
    assert (tmp_path / "gallery.npz").exists()


def test_no_unfinished_file_is_left(written: Path) -> None:
    assert sorted(path.name for path in written.iterdir()) == [
        "gallery.npz",
        "metrics.json",
        "query.npz",
        "report.html",
    ]
    assert np.load(written / "query.npz")


def test_each_mask_is_counted_once_where_everyone_searches_for_everyone(
    world: Dataset, tested: tuple[Model, Evaluation, Details]
) -> None:
    _, evaluation, _ = tested
    apart = len(evaluation.packed_query) + len(evaluation.packed_gallery)
    assert len(Masks.of(evaluation, MASKS).coverage) == apart
    together = replace(evaluation, packed_gallery=evaluation.packed_query)
    assert len(Masks.of(together, MASKS).coverage) == len(evaluation.packed_query)


def test_another_models_run_keeps_its_features(
    world: Dataset, tested: tuple[Model, Evaluation, Details], tmp_path: Path
) -> None:
    model, evaluation, _ = tested
    (tmp_path / "log.jsonl").write_text('{"iteration": 20, "loss": 3.0, "learning_rate": 0.1}\n')
    for card in (None, {**model.card, "weights_sha256": "another"}):
        if card:
            (tmp_path / "model.json").write_text(json.dumps(card))
        with pytest.raises(MaskreidError, match="is the run of another model than the one that is tested"):
            report_on(model, world, evaluation, tmp_path, title=TITLE)
        assert not (tmp_path / "query.npz").exists()
    (tmp_path / "model.json").write_text(json.dumps(model.card))
    report_on(model, world, evaluation, tmp_path, title=TITLE)
    assert "Losses: single batches faint" in (tmp_path / "report.html").read_text()
