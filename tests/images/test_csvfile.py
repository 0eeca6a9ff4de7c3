from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maskreid.errors import MaskreidError
from maskreid.images import PersonImage, open_dataset

Plant = Callable[..., Path]
HEADER = "path,identity,camera,split\n"
NAMED = "path,identity,camera,split,identity_name\n"


@pytest.fixture
def crops(tmp_path: Path, plant: Plant) -> Path:
    return plant(tmp_path / "data" / "mine", ["crops/a.jpg", "crops/b.jpg", "crops/c.jpg", "masks/a.png"])


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "images.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("seen", ["file", "folder", "parent", "zip"])
def test_names_and_optional_columns(crops: Path, zipped: Callable[[Path], Path], seen: str) -> None:
    file = write(
        crops,
        "\ufeffPath, identity, camera, split, mask, remark, time\r\n"
        "crops/b.jpg, bob, 2, gallery, , tall, 1.5\r\n"
        "\r\n"
        './crops/a.jpg, "alice", , query, masks\\a.png, ,\r\n',
    )
    path = {
        "file": lambda: file,
        "folder": lambda: crops,
        "parent": lambda: crops.parent,
        "zip": lambda: zipped(crops),
    }[seen]()
    prefix = "" if seen in ("file", "folder") else "mine/"
    dataset = open_dataset(path)
    assert dataset.name == "csv"
    assert dataset.splits == {
        "query": (PersonImage(f"{prefix}crops/a.jpg", 1, -1, None, f"{prefix}masks/a.png"),),
        "gallery": (PersonImage(f"{prefix}crops/b.jpg", 2, 2, 1.5),),
    }
    assert dataset.identity_names == {1: "alice", 2: "bob"}
    assert dataset.ignored == {"image that the CSV does not name": 1}


def test_a_table_with_other_columns_is_passed_over_unless_csv_is_asked_for(crops: Path) -> None:
    (crops / "a.csv").write_text("name,age\nann,7\n")
    (crops / "crops" / "deep.csv").write_text('Split, "camera",identity,path\ntrain,1,1,a.jpg\n')
    assert [image.path for image in open_dataset(crops).splits["train"]] == ["crops/a.jpg"]
    with pytest.raises(MaskreidError, match="line 1: no column 'path'"):
        open_dataset(crops, "csv")


def test_numbers_stay_numbers(crops: Path) -> None:
    write(crops, HEADER + "crops/a.jpg,12,1,query\ncrops/b.jpg,0,2,gallery\ncrops/c.jpg,-1,2,gallery\n")
    dataset = open_dataset(crops)
    assert [image.identity for images in dataset.splits.values() for image in images] == [12, 0, -1]
    assert dataset.identity_names == {}


def test_numbers_may_be_written_as_pandas_writes_them_where_a_column_has_gaps(crops: Path) -> None:
    write(crops, HEADER + "crops/a.jpg,12.0,1.0,query\ncrops/b.jpg,0.0,2.0,gallery\ncrops/c.jpg,-1.0,,gallery\n")
    dataset = open_dataset(crops)
    images = [image for images in dataset.splits.values() for image in images]
    assert [(image.identity, image.camera) for image in images] == [(12, 1), (0, 2), (-1, -1)]
    assert dataset.identity_names == {}


def test_a_number_that_no_integer_holds_is_a_name(crops: Path) -> None:
    write(crops, HEADER + f"crops/a.jpg,{'9' * 5000},1,train\n")
    assert open_dataset(crops).identity_names == {1: "9" * 5000}


@pytest.mark.parametrize("zeros", ["", ".0"])
def test_nobody_stays_nobody_among_names(crops: Path, zeros: str) -> None:
    """Also as pandas writes them."""
    text = f"crops/a.jpg,ann,1,query\ncrops/b.jpg,0{zeros},2,gallery\ncrops/c.jpg,-1{zeros},2,gallery\n"
    write(crops, HEADER + text)
    dataset = open_dataset(crops)
    assert [image.identity for images in dataset.splits.values() for image in images] == [1, 0, -1]
    assert dataset.identity_names == {1: "ann"}


def test_a_name_may_look_like_a_number(crops: Path) -> None:
    write(crops, NAMED + "crops/a.jpg,3,1,train,007\ncrops/b.jpg,5,2,gallery,-5\ncrops/c.jpg,8,2,gallery,\n")
    assert open_dataset(crops).identity_names == {3: "007", 5: "-5"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column 'path'; expected .* found nothing"),
        ("path,identiy,camera,split\n", "line 1: no column 'identity'; expected path, .* found path, identiy"),
        (HEADER, "has no images"),
        ("path,identity,camera,split,Identity\n", "line 1: two columns are called 'identity'"),
        (HEADER + "crops/a.jpg,1,1\n", "line 2: expected 4 values, found 3"),
        (HEADER + "\ncrops/a.jpg,1,1,tarin\n", r"line 3: split is 'tarin'; .*; did you mean train\?"),
        (HEADER + "crops/a.jpg,1,c1,train\n", "line 2: camera is 'c1'"),
        (HEADER + f"crops/a.jpg,1,{'1' * 5000},train\n", "line 2: camera is '1111"),
        (HEADER + "crops/a.jpg,1,-2,train\n", "line 2: camera is -2"),
        (HEADER + "crops/a.jpg,1,3000000000,train\n", "line 2: camera is 3000000000"),
        (HEADER + "crops/a.jpg,0,1,train\n", "line 2: identity is 0; number persons from 1"),
        (HEADER + "crops/a.jpg,0,1,train\ncrops/b.jpg,ann,1,train\n", "line 2: identity is 0; number persons from 1"),
        (NAMED + "crops/a.jpg,0,1,gallery,ann\n", "line 2: identity 0 is nobody, but identity_name is 'ann'"),
        (NAMED + "crops/a.jpg,1,1,train,ann\ncrops/b.jpg,1,1,train,bob\n", "line 3: identity 1 is ann, but .* 'bob'"),
        (HEADER + "crops/a.jpg,-2,1,gallery\n", "line 2: identity is -2"),
        (HEADER + "crops/a.jpg,,1,train\n", "line 2: identity is empty"),
        (HEADER + "crops/a.jpg,1,1,train\ncrops/z.jpg,1,1,train\n", r"line 3: there is no path 'crops/z\.jpg'"),
        (HEADER + "../mine/crops/../../x.jpg,1,1,train\n", "line 2: there is no path"),
        (HEADER[:-1] + ",time\ncrops/a.jpg,1,1,train,noon\n", "line 2: time is 'noon'"),
        (HEADER[:-1] + ",time\ncrops/a.jpg,1,1,train,nan\n", "line 2: time is 'nan'"),
        (HEADER[:-1] + ",mask\ncrops/a.jpg,1,1,train,m.png\n", r"line 2: there is no mask 'm\.png'"),
        (HEADER + "crops/a.jpg,1,1,train\ncrops/a.jpg,1,1,train\n", r"crops/a\.jpg is 2 times in 'train'"),
        (
            HEADER + "crops/a.jpg,1,1,query\n./crops/a.jpg,2,1,gallery\n",
            "line 3: ./crops/a.jpg shows identity 2, but 1 in a line before; an image is of one person",
        ),
    ],
)
def test_a_bad_line_is_named(crops: Path, text: str, message: str) -> None:
    file = write(crops, text)
    with pytest.raises(MaskreidError, match=message) as error:
        open_dataset(file)
    assert "\n" not in str(error.value)


def test_other_encodings_are_refused_by_line(crops: Path) -> None:
    file = write(crops, HEADER + "crops/a.jpg,Zoë,1,train\n", "latin-1")
    with pytest.raises(MaskreidError, match="line 2: not UTF-8"):
        open_dataset(file)


def test_a_csv_is_not_another_format(crops: Path) -> None:
    file = write(crops, HEADER + "crops/a.jpg,1,1,train\n")
    assert open_dataset(file, "csv").name == "csv"
    with pytest.raises(MaskreidError, match="is format csv, not market1501"):
        open_dataset(file, "market1501")


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("1.5", 1.5), ("1970-01-02", 86400.0), ("1970-01-01T01:00:00+01:00", 0.0), ("1970-01-01 00:01", 60.0)],
)
def test_time_is_a_number_or_a_date(crops: Path, written: str, seconds: float) -> None:
    file = write(crops, f"{HEADER[:-1]},time\ncrops/a.jpg,1,1,train,{written}\n")
    assert [image.time for image in open_dataset(file).splits["train"]] == [seconds]
