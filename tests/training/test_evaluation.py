"""A model under each protocol, on the splits that the protocol needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, open_dataset
from maskreid.network import MaskReID, Model, NetworkConfig, make_card
from maskreid.reports import report_on
from maskreid.retrieval import Reranking, judge, named_protocol, read_features
from maskreid.training import evaluate_model


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    config = NetworkConfig(width=0.25, dimension=32, input_size=(48, 32))
    masks = {"source": "dataset", "min_share": 0.05}
    training = {"data": "nothing", "images": 0, "identities": 0}
    card = make_card(config, resize=(54, 36), masks=masks, training=training, metrics={})
    return Model(MaskReID(config).eval(), card)


@pytest.mark.parametrize("name", ["market1501", "cuhk03-classic", "all-vs-all"])
def test_what_is_written_is_judged_the_same(model: Model, world: Dataset, tmp_path: Path, name: str) -> None:
    protocol = named_protocol(name)
    evaluation = evaluate_model(model, world, protocol=protocol, cache=tmp_path / "cache")
    report_on(model, world, evaluation, tmp_path / "out", title=name)
    read = read_features(tmp_path / "out")
    again = judge(read.query, read.gallery, protocol=protocol)
    assert again.main.as_dict() == evaluation.judgement.main.as_dict()
    assert f"<td>{protocol.heading}</td>" in (tmp_path / "out" / "report.html").read_text()


def test_everyone_searches_everyone_once(model: Model, world: Dataset, tmp_path: Path) -> None:
    protocol = named_protocol("all-vs-all")
    evaluation = evaluate_model(model, world, protocol=protocol, cache=tmp_path)
    images = {image.path for split in ("query", "gallery") for image in world.splits[split]}
    assert sorted(evaluation.judgement.query.paths) == sorted(images)
    assert evaluation.packed_query.paths == evaluation.judgement.query.paths
    assert evaluation.packed_gallery is evaluation.packed_query


def test_a_folder_of_people_without_query_and_gallery_will_do(model: Model, world: Dataset, tmp_path: Path) -> None:
    people = replace(world, splits={"train": world.splits["train"][:20]})
    evaluation = evaluate_model(model, people, protocol=named_protocol("all-vs-all"), cache=tmp_path)
    assert len(evaluation.judgement.gallery) == 20
    with pytest.raises(MaskreidError, match="needs query and gallery, found no query and no gallery"):
        evaluate_model(model, people, cache=tmp_path)


def test_a_mask_is_of_one_image_whichever_split_that_is_in(tmp_path: Path, model: Model) -> None:
    for number, folder in enumerate(("query", "gallery")):
        (tmp_path / "data" / folder).mkdir(parents=True)
        Image.fromarray(np.full((48, 24, 3), 40 * number, np.uint8)).save(tmp_path / "data" / folder / "1.png")
    (tmp_path / "data" / "all.csv").write_text(
        "path,identity,camera,split\nquery/1.png,1,1,query\ngallery/1.png,1,2,gallery\n"
    )
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.full((48, 24), 255, np.uint8)).save(tmp_path / "masks" / "1.png")
    dataset = open_dataset(tmp_path / "data" / "all.csv")
    for _ in range(2):  # also where what was packed the first time is still there
        with pytest.raises(MaskreidError, match=r"1\.png is named after both"):
            evaluate_model(model, dataset, masks=str(tmp_path / "masks"), cache=tmp_path / "cache")


def test_pooled_queries_need_boxes(model: Model, world: Dataset, tmp_path: Path) -> None:
    for asked in ({"protocol": named_protocol("market1501-multiple")}, {"multi_query": True}):
        with pytest.raises(MaskreidError, match="needs query and gallery and multi_query, found no multi_query"):
            evaluate_model(model, world, cache=tmp_path, **asked)
    boxed = replace(world, splits={**world.splits, "multi_query": world.splits["query"]})
    evaluation = evaluate_model(model, boxed, multi_query=True, cache=tmp_path)
    assert set(evaluation.features) == {"query", "gallery", "multi_query"}
    pooled = evaluate_model(model, boxed, protocol=named_protocol("market1501-multiple"), cache=tmp_path)
    assert pooled.metrics["multiple query"].map == evaluation.metrics["multiple query"].map


def test_what_does_not_go_together_is_refused_before_anything_is_embedded(
    model: Model, world: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(MaskreidError, match="re-ranking needs queries apart"):
        evaluate_model(
            model, world, protocol=named_protocol("all-vs-all"), reranking=Reranking(), cache=tmp_path / "cache"
        )
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("learned", ["viper (split 1)", "market1501 + viper (split 1) + cuhk01 (split 0)"])
def test_people_of_another_random_split_may_have_been_learned(
    model: Model, world: Dataset, tmp_path: Path, learned: str
) -> None:
    trained = Model(model.network, {**model.card, "training": {"data": learned}})
    own, other = (replace(world, name="viper", split=number) for number in (1, 0))
    evaluate_model(trained, own, cache=tmp_path)
    with pytest.raises(MaskreidError, match=r"learned from viper \(split 1\) and so knows people of"):
        evaluate_model(trained, other, cache=tmp_path)
