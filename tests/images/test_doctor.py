from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from maskreid.images import DatasetReport, Finding, check_dataset, open_dataset

Plant = Callable[..., Path]


def check(root: Path, rows: str) -> DatasetReport:
    (root / "people.csv").write_text("path,identity,camera,split\n" + rows)
    return check_dataset(open_dataset(root / "people.csv"))


def found(report: DatasetReport, what: str) -> Finding:
    matching = [finding for finding in report.findings if what in finding.what]
    assert len(matching) == 1, (what, [finding.what for finding in report.findings])
    return matching[0]


def test_a_sound_dataset_gets_its_table_and_nothing_else(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, "abcdef")
    for name in "abcdef":
        (tmp_path / name).rename(tmp_path / f"{name}.png")
    report = check(
        tmp_path,
        "a.png,1,1,train\nb.png,1,2,train\nc.png,2,1,query\nd.png,2,2,gallery\ne.png,2,1,gallery\nf.png,0,3,gallery\n",
    )
    assert report.ok
    assert report.findings == ()
    assert str(report).splitlines()[1:] == [
        "subset  |  # ids | # images | # cameras",
        "train   |      1 |        2 |         2",
        "query   |      1 |        1 |         1",
        "gallery |      2 |        3 |         3",
        "0 errors, 0 warnings",
    ]


def test_junk_is_shown_with_and_without(market: Path) -> None:
    report = check_dataset(open_dataset(market))
    rows = {row.subset: (row.identities, row.images, row.cameras) for row in report.rows}
    assert rows["gallery, all files"] == (2, 4, 2)
    assert rows["gallery"] == (2, 3, 2)
    assert report.ok
    assert found(report, "image whose name is not like").severity == "note"
    assert found(report, "left by the operating system").count == 2
    assert found(report, "identities in train are seen by one camera only").examples == ("7",)


def test_nobody_to_learn_or_to_search_for_is_an_error(tmp_path: Path, plant: Plant) -> None:
    names = ["bounding_box_train/0000_c1s1_000001_00.jpg", "query/-1_c1s1_000001_00.jpg"]
    plant(tmp_path, [*names, "query/0002_c1s1_000001_00.jpg", "bounding_box_test/0002_c2s1_000001_00.jpg"])
    report = check_dataset(open_dataset(tmp_path))
    for split, name in zip(("train", "query"), names, strict=True):
        finding = found(report, f"{split} images are of nobody")
        assert (finding.severity, finding.examples) == ("error", (name,))


def test_unreadable_images_are_named(market: Path) -> None:
    victim = market / "query" / "0001_c1s1_001051_00.jpg"
    victim.write_bytes(victim.read_bytes()[:40])
    (market / "bounding_box_train" / "0002_c1s1_000451_03.jpg").write_bytes(b"")
    report = check_dataset(open_dataset(market))
    finding = found(report, "images cannot be read")
    assert not report.ok
    assert (finding.severity, finding.count) == ("error", 2)
    assert "0002_c1s1_000451_03.jpg is empty" in finding.examples[0]
    assert "0001_c1s1_001051_00.jpg cannot be decoded" in finding.examples[1]
    assert str(report).endswith("1 error, 1 warning")


def test_odd_sizes(tmp_path: Path, plant: Plant, picture: Callable[..., bytes]) -> None:
    names = [f"{i}.png" for i in range(9)]
    plant(tmp_path, names)
    (tmp_path / "3.png").write_bytes(picture(50, (32, 8)))  # twice the usual height
    (tmp_path / "4.png").write_bytes(picture(51, (16, 4)))  # half the usual width
    (tmp_path / "5.png").write_bytes(picture(52, (31, 5)))  # nearly so
    report = check(tmp_path, "".join(f"{name},1,{i % 2},train\n" for i, name in enumerate(names)))
    odd = found(report, "2 times longer or shorter than usual, 16x8")
    assert (odd.severity, odd.count, odd.examples) == ("warning", 2, ("3.png: 32x8", "4.png: 16x4"))
    assert found(report, "are not 16x8").count == 3
    assert report.ok


def test_why_queries_have_no_match(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, [f"{name}.png" for name in "abcdefgh"])
    rows = (
        "a.png,1,1,query\nb.png,2,1,query\nc.png,3,1,query\nd.png,4,,query\n"
        "e.png,1,1,gallery\nf.png,3,1,gallery\ng.png,3,2,gallery\nh.png,4,,gallery\n"
    )
    report = check(tmp_path, rows)
    assert found(report, "the gallery has them under the same camera only").examples == ("a.png",)
    assert found(report, "their identity is not in the gallery").examples == ("b.png",)
    assert found(report, "query images have no known camera").examples == ("d.png",)
    assert found(report, "gallery images have no known camera").examples == ("h.png",)
    assert found(report, "identities in gallery are seen by one camera only").examples == ("1",)
    assert report.ok


def test_without_any_match_it_is_an_error(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, ["a.png", "b.png"])
    report = check(tmp_path, "a.png,1,1,query\nb.png,1,1,gallery\n")
    assert not report.ok
    assert report.findings[0].what == "queries are all there are, and none has a match"


def test_leaks_between_training_and_test(tmp_path: Path, plant: Plant) -> None:
    plant(tmp_path, ["a.png", "b.png", "c.png", "d.png"])
    report = check(tmp_path, "a.png,ann,1,train\nb.png,ann,2,query\nc.png,ann,1,gallery\nd.png,bob,2,train\n")
    shared = found(report, "identities are in both training and test")
    assert (shared.severity, shared.examples) == ("error", ("ann",))


def test_copies(tmp_path: Path, plant: Plant, picture: Callable[..., bytes]) -> None:
    plant(tmp_path, [f"{name}.png" for name in "abcde"])
    for names, seed in (("ab", 70), ("cd", 71)):
        for name in names:
            (tmp_path / f"{name}.png").write_bytes(picture(seed))
    report = check(
        tmp_path,
        "a.png,1,1,train\nb.png,1,2,train\nc.png,2,1,train\nd.png,3,2,train\ne.png,4,1,query\ne.png,4,1,gallery\n",
    )
    same = found(report, "groups of files have the same content")
    assert (same.severity, same.examples) == ("warning", ("a.png = b.png",))
    different = found(report, "same content but different identities")
    assert (different.severity, different.examples) == ("error", ("c.png = d.png",))
    assert found(report, "query images are also in the gallery").examples == ("e.png",)


def test_many_cases_are_counted_and_a_few_shown(tmp_path: Path, plant: Plant) -> None:
    names = [f"{i}.png" for i in range(8)]
    plant(tmp_path, names)
    text = str(check(tmp_path, "".join(f"{name},{i + 1},1,train\n" for i, name in enumerate(names))))
    assert "warning: 8 identities in train are seen by one camera only\n  1\n  2\n  3\n  4\n  5\n  ...\n" in text


def test_the_real_market_prints_what_people_compare_with(real_data: Path) -> None:
    from maskreid.images.doctor import _rows  # decoding all 48,728 images would take ten seconds

    rows = {row.subset: row for row in _rows(open_dataset(real_data / "Market-1501-v15.09.15.zip"))}
    shown = {name: (row.identities, row.images, row.cameras) for name, row in rows.items()}
    assert shown["train"] == (751, 12936, 6)
    assert shown["query"] == (750, 3368, 6)
    assert shown["gallery, all files"] == (751, 19732, 6)
    assert shown["gallery"] == (751, 15913, 6)
