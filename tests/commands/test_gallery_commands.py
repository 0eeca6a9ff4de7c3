"""``maskreid gallery`` as a user runs it, and what must not break it: kills, other processes, disks, folders."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import put, save, unit
from PIL import Image
from running import maskreid, new_process, refused, write

from maskreid.cli.gallery.list_ import list_
from maskreid.cli.gallery.search import search
from maskreid.files import as_text
from maskreid.gallery import Gallery
from maskreid.images import open_dataset, synthetic_world
from maskreid.network import add_to_card
from maskreid.retrieval import Calibration

WORLD = synthetic_world(train=2, test=6, cameras=2, images=3, distractors=4, junk=2)
# A process that adds a few rows at a time, and can be told to kill itself in the middle.
ADD = """
import importlib, os, signal, sys
from maskreid.images import open_dataset, parts
module = importlib.import_module("maskreid.gallery.enrol")
module.CHUNK, module.WRITE, parts.MOST = 2, 3, 2
def progress(items, *, total, what, unit):
    for number, item in enumerate(items):
        if number == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield item
gallery = module.Gallery(sys.argv[1])
print(module.enrol(gallery, open_dataset(sys.argv[2]), progress=progress))
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "Market-1501"
    write(WORLD, root)
    return root


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("empty") / "g")
    maskreid("gallery", "create", path, "--model", "market1501-compact", "--masks", "none")
    return path


@pytest.fixture
def gallery(empty: str, tmp_path: Path) -> str:
    return str(shutil.copytree(empty, tmp_path / "g"))  # to create one takes three seconds


def contents(gallery: str) -> dict[str, object]:
    """Everything but the time of enrolment."""
    rows = Gallery(gallery).table.to_arrow().to_pylist()
    return {row["id"]: {name: value for name, value in row.items() if name != "added"} for row in rows}


def test_from_photos_to_answers_to_nothing(photos: Path, gallery: str, tmp_path: Path) -> None:
    done = maskreid("gallery", "add", gallery, photos, "--subsets", "gallery", "--tag", "made up")
    count = len(open_dataset(photos).splits["gallery"])
    assert f"{count} added, 0 already there" in done.stdout
    listed = maskreid("gallery", "list", gallery, "--json", "--limit", "100").stdout.splitlines()
    assert len(listed) == count
    first = json.loads(listed[0])
    assert first["tags"] == ["made up"]
    query = WORLD.splits["query"][0]
    done = maskreid("gallery", "search", gallery, photos / query.path, "--top", "3", "--json")
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert answer["query"] == Path(query.path).name
    assert len(answer["answers"]) == 3
    assert maskreid("gallery", "search", gallery, photos / query.path, "--top", "2").stdout.count("synthetic") <= 2
    by_entry = maskreid("gallery", "search", gallery, "--entry", first["id"][:8], "--not-camera", "1", "--json")
    found = json.loads(by_entry.stdout)["answers"]
    assert first["id"] not in {hit["id"] for hit in found}
    assert {hit["camera"] for hit in found} <= {2, -1}
    assert maskreid("gallery", "verify", gallery).stdout.startswith(f"{gallery}: {count} entries")
    maskreid("gallery", "export", gallery, tmp_path / "out")
    assert len((tmp_path / "out" / "entries.csv").read_text().splitlines()) == count + 1
    assert "1 entries removed" in maskreid("gallery", "remove", gallery, "--id", first["id"], "--yes").stdout
    assert "0 entries older than 1h" in maskreid("gallery", "expire", gallery, "--older-than", "1h").stdout
    assert f"{count - 1} entries older than 0m" in maskreid("gallery", "expire", gallery, "--older-than", "0m").stdout
    assert "0 entries" in maskreid("gallery", "verify", gallery).stdout


def test_images_without_labels(gallery: str, tmp_path: Path, photos: Path) -> None:
    """One file, a folder and a zip; several images pooled into one query."""
    files = sorted(photos.rglob("query/*.*"))[:3]
    folder = tmp_path / "snaps"
    folder.mkdir()
    (folder / "a.png").write_bytes(files[1].read_bytes())
    subprocess.run([sys.executable, "-m", "zipfile", "-c", tmp_path / "z.zip", files[2]], check=True)
    done = maskreid("gallery", "add", gallery, files[0], folder, tmp_path / "z.zip", "--time", "2026-11-23T08:00")
    assert done.stdout.count("1 added") == 3
    assert "2026-11-23 08:00:00" in maskreid("gallery", "list", gallery).stdout
    done = maskreid("gallery", "search", gallery, files[0], folder, "--pool", "--before", "2026-11-24", "--json")
    (answer,) = map(json.loads, done.stdout.splitlines())
    assert answer["query"].startswith("2 images of one person")
    assert len(answer["answers"]) == 3
    done = maskreid("gallery", "search", gallery, files[0], "--after", "2026-11-24")
    assert "no entry passes these filters" in done.stdout
    for option, value in (("--unknown-below", "0.9"), ("--false-matches", "0.01")):  # masks "none": not its own
        done = maskreid("gallery", "search", gallery, files[0], option, value, code=2)
        assert "this gallery has no calibration: its model has none (maskreid calibrate --help)" in done.stderr
        assert done.stderr.endswith(f"leave out {option}\n")


def test_who_and_unknown(tmp_path: Path, photos: Path) -> None:
    """An enrolled image is known; where certainty is asked for, nobody is."""
    gallery = tmp_path / "g"
    maskreid("gallery", "create", gallery, "--model", "market1501-compact")
    maskreid("gallery", "add", gallery, photos, "--subsets", "gallery")
    someone = next(image for image in open_dataset(photos).splits["gallery"] if image.identity > 0)

    def verdict(*options: str) -> tuple[str, str | None, bool]:
        done = json.loads(maskreid("gallery", "search", gallery, photos / someone.path, "--json", *options).stdout)
        return done["verdict"], done["identity"], done["entry"] == done["answers"][0]["id"]

    assert verdict() == ("known", f"market1501/{someone.identity}", True)
    assert verdict("--unknown-below", "1") == ("unknown", None, False)
    assert verdict("--false-matches", "0.0001") == ("known", f"market1501/{someone.identity}", True)
    done = maskreid("gallery", "search", gallery, photos / someone.path)
    assert f"{Path(someone.path).name}: market1501/{someone.identity}" in done.stdout
    assert "probability" in done.stdout
    done = maskreid("gallery", "search", gallery, photos / someone.path, "--false-matches", "0.5", code=2)
    assert "expected 0.1 or 0.01 or 0.001 or 0.0001" in done.stderr


def test_the_verdict_is_the_most_similar_however_few_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each entry is a person of its own; re-ranking puts others first, and the verdict does not follow it."""
    model = save(tmp_path / "m")
    add_to_card(model, "calibration", Calibration(9.0, -0.5, -3.0, {"0.01": -1.0}, 5, 99, 0.02, "made up").as_card())
    opened = Gallery.create(tmp_path / "g", model)
    vectors = np.repeat(unit(6), 8, 0) + 0.25 * np.random.default_rng(0).normal(size=(48, 16))
    ids = put(opened, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), identities=[*map(str, range(48))])

    def asked(entry: str, **options: Any) -> dict[str, Any]:
        search(opened.path, entry=[entry], false_matches=0.01, as_json=True, **options)
        return dict(json.loads(capsys.readouterr().out))

    others = 0
    for id_ in ids[:8]:
        nearest = asked(id_, top=1)["identity"]
        few, many = (asked(id_, top=top, rerank=True) for top in (1, 48))
        assert few["verdict"] == many["verdict"] == "known"
        assert few["identity"] == many["identity"] == nearest
        assert few["answers"] == many["answers"][:1]
        others += few["answers"][0]["identity"] != nearest
    assert others > 0


def test_a_moved_model_keeps_its_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = save(tmp_path / "m")
    add_to_card(model, "calibration", Calibration(9.0, -0.5, -3.0, {"0.01": -1.0}, 5, 99, 0.02, "made up").as_card())
    opened = Gallery.create(tmp_path / "g", model)
    (id_, *_) = put(opened, unit(3), identities=["ann"] * 3)
    moved = tmp_path / "moved" / "m"
    moved.parent.mkdir()
    for suffix in (".json", ".safetensors"):
        Path(model + suffix).rename(f"{moved}{suffix}")
    for options in ({"false_matches": 0.01}, {"unknown_below": 0.0}):
        search(opened.path, entry=[id_], model=str(moved), as_json=True, **options)
        assert json.loads(capsys.readouterr().out)["identity"] == "ann"


def test_a_time_in_milliseconds_is_no_date(gallery: str, capsys: pytest.CaptureFixture[str]) -> None:
    put(Gallery(gallery), unit(3, Gallery(gallery).settings.dimension), times=[1764000000000.0, 1764000000.0, 17.0])
    list_(gallery)
    said = capsys.readouterr().out
    assert all(time in said for time in ("1764000000000", "2025-11-24 16:00:00", " 17 "))


def test_fewer_probes_are_measured_before_they_are_used(gallery: str, photos: Path) -> None:
    maskreid("gallery", "add", gallery, photos)
    entry = Gallery(gallery).entries(limit=1)[0].id
    search = ("gallery", "search", gallery, "--entry", entry, "--probes", "1", "--top", "2")
    said = re.compile(r"with 1 probes, a search finds 100\.0 % of the true 2 nearest")
    assert said.match(maskreid(*search).stdout)
    done = maskreid(*search, "--json")
    assert said.match(done.stderr)
    assert [json.loads(line)["query"] for line in done.stdout.splitlines()] == [entry]


def test_two_entries_of_one_person_find_each_other(gallery: str) -> None:
    ids = put(Gallery(gallery), unit(3, Gallery(gallery).settings.dimension)[[0, 0, 1, 2]])
    twins = ("gallery", "search", gallery, "--entry", ids[0], "--entry", ids[1], "--json")

    def found(*options: str) -> list[list[str]]:
        answers = map(json.loads, maskreid(*twins, *options).stdout.splitlines())
        return [[hit["id"] for hit in answer["answers"]] for answer in answers]

    first, second = found()
    assert (first[0], second[0]) == (ids[1], ids[0])
    assert ids[0] not in first
    (pooled,) = found("--pool")
    assert set(pooled) == set(ids[2:])


def test_adding_nothing_that_can_be_read_is_no_success(gallery: str, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    assert refused("gallery", "add", gallery, tmp_path / "broken.jpg") == (
        "maskreid: not one of 1 images could be read\n"
    )
    good = next(photos.rglob("*.png"))
    assert "1 unreadable" in maskreid("gallery", "add", gallery, tmp_path / "broken.jpg", good).stdout


def test_the_same_gallery_after_five_kills(gallery: str, photos: Path, tmp_path: Path) -> None:
    for moment in (1, 5, 8, 14, 20):
        killed = subprocess.run([sys.executable, "-c", ADD, gallery, photos, str(moment)], capture_output=True)
        assert killed.returncode == -signal.SIGKILL
    maskreid("gallery", "add", gallery, photos)
    maskreid("gallery", "create", tmp_path / "whole", "--model", "market1501-compact", "--masks", "none")
    maskreid("gallery", "add", tmp_path / "whole", photos)
    found, expected = contents(gallery), contents(str(tmp_path / "whole"))
    assert found.keys() == expected.keys()
    for id_, row in expected.items():
        assert found[id_]["feature"] == pytest.approx(row["feature"], abs=1e-5)
        assert {**found[id_], "feature": 0, "checksum": 0} == {**row, "feature": 0, "checksum": 0}
    maskreid("gallery", "verify", gallery)


def test_two_writers_and_a_reader_at_once(gallery: str, photos: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", ADD, gallery, photos, "-1"], stderr=subprocess.PIPE) for _ in range(2)
    ]
    seen = [0]
    while any(writer.poll() is None for writer in writers):
        # Asked all the time, so that some looks meet a file that a writer has yet to commit.
        seen.append(int(maskreid("gallery", "verify", gallery).stdout.split(": ")[1].split(" ")[0]))
    for writer in writers:
        assert writer.returncode == 0, writer.communicate()[1]
    images = {image.path for split in open_dataset(photos).splits.values() for image in split}
    assert seen == sorted(seen)
    paths = [entry.path for entry in Gallery(gallery).entries()]
    assert len(paths) == len(set(paths))
    assert {(photos / path).read_bytes() for path in paths} == {(photos / path).read_bytes() for path in images}
    assert maskreid("gallery", "verify", gallery).returncode == 0


def test_a_full_disk(gallery: str, tmp_path: Path) -> None:
    """Seen through a limit on a file's size: the rows of 200 images do not fit, and none is half written."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(200):
        picture = Image.new("RGB", (16, 32), (number, 0, 0))
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        (folder / f"{number}.png").write_bytes(buffer.getvalue())
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    done = new_process("gallery", "add", gallery, folder, code=2, before=limit)
    *_, line = done.stderr.splitlines()
    assert line.startswith(f"maskreid: {gallery}: a file may not grow so large")
    assert "nothing was half written" in line
    assert len(Gallery(gallery)) == 0
    assert "200 added" in maskreid("gallery", "add", gallery, folder).stdout
    maskreid("gallery", "verify", gallery)


def test_a_read_only_folder(gallery: str, photos: Path, tmp_path: Path) -> None:
    maskreid("gallery", "add", gallery, photos)
    # Not even root may write where the permissions say no: CAP_DAC_OVERRIDE is dropped.
    without_rights = "import ctypes; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)"

    for path in [Path(gallery), *Path(gallery).rglob("*")]:
        os.chmod(path, 0o555 if path.is_dir() else 0o444)
    try:
        for verb in (["add", gallery, str(photos)], ["remove", gallery, "--camera", "1", "--yes"]):
            done = new_process("gallery", *verb, code=2, before=without_rights)
            assert "may not be written" in done.stderr
            assert done.stderr.count("\n") == 1
        entry = Gallery(gallery).entries(limit=1)[0].id
        new_process("gallery", "search", gallery, "--entry", entry, before=without_rights)
        new_process("gallery", "verify", gallery, before=without_rights)
    finally:
        for path in [Path(gallery), *Path(gallery).rglob("*")]:
            os.chmod(path, 0o755)


def test_a_truncated_file(gallery: str, photos: Path) -> None:
    maskreid("gallery", "add", gallery, photos)
    entry = Gallery(gallery).entries(limit=1)[0].id
    for file in Path(gallery).rglob("data/*.lance"):
        file.write_bytes(file.read_bytes()[:1000])
    done = maskreid("gallery", "search", gallery, "--entry", entry, code=2)
    assert f"maskreid gallery verify {gallery} says what is damaged" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "not all rows can be read" in maskreid("gallery", "verify", gallery, code=1).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "nowhere"], "nowhere: there is no gallery; maskreid gallery create nowhere makes one"),
        (["search", "G"], "name either IMAGES or --entry ID"),
        (["search", "G", "nothing.jpg"], "nothing.jpg: no such"),
        (["search", "G", "--entry", "abcdef"], "no entry has an id that begins so"),
        (["search", "G", "--entry", "xyz"], "'xyz' is no entry's id"),
        (["search", "G", "--entry", "abc", "--precision", "bfloat16"], "an --entry has its feature already"),
        (["list", "G", "--after", "noon"], "--after: time is 'noon'; expected a number"),
        (["expire", "G", "--older-than", "soon"], "'soon' is no length of time"),
        (["expire", "G", "--older-than", "999999d"], "999,999 days ago is before the first year"),
        (["list", "G", "--camera", "3000000000"], "camera is 3000000000; expected 0 to 2147483647"),
        (["add", "G", "synthetic", "--camera", "3000000000"], "camera is 3000000000; expected 0 to 2147483647"),
        (["remove", "G", "--yes"], "say which entries"),
        (["remove", "G", "--camera", "1"], "cannot ask for confirmation"),
        (["label", "G", "--as", "ann"], "say which entries"),
        (["label", "G", "--camera", "1"], "either --as NAME or --as-nobody"),
        (["cluster", "G"], "no entry passes these filters"),
        (["export", "G", "out"], "no entry passes these filters"),
        (["create", "G"], "is there already"),
        (["create", "H", "--model", "market1500"], "market1500"),
        (["add", "G", "nothing"], "nothing: no such"),
        (
            ["add", "G", "synthetic", "--workers", "2"],
            "workers are a cluster's, which --ray names: leave out --workers",
        ),
        (["add", "G", "synthetic", "--ray", "auto", "--device", "cpu"], "leave out --device"),
        (["search", "G", "--entry", "abc", "--workers", "2"], "leave out --workers"),
        (
            ["search", "G", "--entry", "abc", "--false-matches", "0.01", "--unknown-below", "0.3"],
            "--false-matches goes by similarity, not by probability: leave out --unknown-below",
        ),
        (["add", "G", "synthetic", "--tag", "caf\udce9"], r"tag 'caf\udce9': is not UTF-8"),
        (["list", "G", "--tag", "caf\udce9"], r"tag 'caf\udce9': is not UTF-8"),
        (["label", "G", "--camera", "1", "--as", "ren\udce9"], r"identity 'ren\udce9': is not UTF-8"),
    ],
    ids=lambda value: " ".join(map(as_text, value)) if isinstance(value, list) else "",
)
def test_one_clear_line(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = refused("gallery", *(empty if each == "G" else each for each in arguments))
    assert message in said
    assert said.count("\n") == 1


def test_files_of_one_folder_are_written_together(gallery: str, photos: Path, tmp_path: Path) -> None:
    """Each apart would be a version of the table, and the table tidied after each."""
    folder = tmp_path / "some"
    folder.mkdir()
    images = open_dataset(photos).splits["gallery"]
    for number, image in enumerate(images[:6]):
        shutil.copy(photos / image.path, folder / f"{number}.png")
    (folder / "7.heic").write_bytes(b"x")
    before = Gallery(gallery).table.version
    done = maskreid("gallery", "add", gallery, *sorted(folder.glob("*.png")), photos / images[7].path)
    assert f"6 files of {folder} (images): 6 added, 0 already there" in done.stdout
    assert f"{photos / images[7].path} (images): 1 added" in done.stdout
    assert done.stderr.count("files passed over") == 0
    assert Gallery(gallery).table.version - before < 6
    again = maskreid("gallery", "add", gallery, folder)
    assert "picture of a kind that is not read (.heic), save it as JPEG: 1" in again.stderr
    assert "0 added, 6 already there" in again.stdout


def test_a_split_that_one_of_several_lacks_is_told_before_any_is_enrolled(
    gallery: str, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos / "query", tmp_path / "plain")
    done = maskreid("gallery", "add", gallery, photos, tmp_path / "plain", "--subsets", "query", code=2)
    assert "has no split 'query'" in done.stderr
    assert len(Gallery(gallery)) == 0
