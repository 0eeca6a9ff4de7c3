"""The file of what people said: what it holds, who waits for whom, and what goes with an entry."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery, different, judgements, remove, same, undo
from maskreid.gallery.judgements import FILE, Judged, append, forget, judging, leftovers, standing, take_back


@pytest.fixture
def ids(empty: Gallery) -> list[str]:
    return put(empty, unit(4), identities=["ann", "ann", "bob", None])


def test_what_was_said_is_read_as_it_was_written(empty: Gallery) -> None:
    said = [
        Judged.now("me", "same", ["a", "b", "a"], identity="ann", before={"b": None, "c": "bob"}),
        Judged.now("you", "different", ["d"], than=("a",)),
        Judged.now("Jos\u00e9", "undo", ["b"], undoes="0" * 16, left=("c",)),
    ]
    for each in said:
        append(empty, each)
    assert judgements(empty) == said
    assert [sorted(each.names) for each in said] == [["a", "b", "c"], ["a", "d"], ["b"]]
    assert len({each.id for each in said}) == 3


def test_who_judges_waits_for_who_judges(empty: Gallery, ids: list[str]) -> None:
    with ThreadPoolExecutor(1) as other:
        with judging(empty):
            said = other.submit(same, empty, ids[2:])
            time.sleep(0.3)
            assert not said.done()
            assert judgements(empty) == []
        assert [said.result(10)] == judgements(empty)


def test_what_is_taken_back_was_not_said(empty: Gallery) -> None:
    first, second = (Judged.now("me", "same", [name]) for name in ("a", "b"))
    append(empty, first)
    length = append(empty, second)
    take_back(empty, length)
    assert judgements(empty) == [first]


def test_neither_an_undoing_nor_what_it_took_back_stands() -> None:
    first, second = (Judged.now("me", "same", [name]) for name in ("a", "b"))
    undoing = Judged.now("me", "undo", ["a"], undoes=first.id)
    assert standing([first, second, undoing]) == [second]


@pytest.mark.parametrize("gone", [1, 2])
def test_a_judgement_goes_with_each_entry_that_it_names_and_its_undoing_goes_too(
    empty: Gallery, ids: list[str], gone: int
) -> None:
    """Entry 1 lost its name, though nobody named it, and entry 2 was named; the undoing names 2 and 0 alone."""
    same(empty, [ids[2], ids[0]])
    undo(empty)
    kept = same(empty, [ids[0], ids[3]])
    remove(empty, Filter(ids=(ids[gone],)))
    assert judgements(empty) == [kept]


def test_a_judgement_goes_with_the_person_that_somebody_is_not(empty: Gallery, ids: list[str]) -> None:
    different(empty, [ids[2]], than=[ids[0]])
    remove(empty, Filter(ids=(ids[0],)))
    assert judgements(empty) == []


def test_how_many_were_forgotten(empty: Gallery, ids: list[str]) -> None:
    said = [same(empty, [id_]) for id_ in (ids[0], ids[2], ids[3])]
    assert forget(empty) == 0
    empty.table.delete(f"id IN ('{ids[0]}', '{ids[3]}')")  # past the library
    assert forget(empty) == 2
    assert judgements(empty) == [said[1]]


def test_only_a_part_of_the_judgements_is_left_half_written(empty: Gallery) -> None:
    parts = [Path(empty.path, name) for name in (f"{FILE}.0123abcd.part", "holiday.mp4.part")]
    for part in parts:
        part.write_text("begun")
    assert leftovers(empty) == [parts[0].name]
    remove(empty, Filter(cameras=(9,)))
    assert [part.exists() for part in parts] == [False, True]
    assert leftovers(empty) == []


WHOLE = '"id": "a", "when": "", "who": "me", "what": "same"'


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "5",
        "[]",
        "{}",
        f'{{{WHOLE}, "entries": 5}}',
        f'{{{WHOLE}, "entries": "abc"}}',
        f'{{{WHOLE}, "entries": [["x"]]}}',
        f'{{{WHOLE}, "entries": ["a"], "before": 5}}',
        f'{{{WHOLE}, "entries": ["a"], "colour": "red"}}',
    ],
)
def test_a_line_that_is_no_judgement_is_named(empty: Gallery, line: str) -> None:
    append(empty, Judged.now("me", "same", ["a"]))
    with Path(empty.path, FILE).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(MaskreidError, match=rf"{FILE}, line 2 is no judgement; correct or remove the line"):
        judgements(empty)


def test_a_bucket_has_no_judgements(empty: Gallery) -> None:
    """This one is a folder that goes by an address."""
    (id_,) = put(empty, unit(1))
    empty.path = "s3://bucket/people"
    with pytest.raises(MaskreidError, match="judgements need a gallery on disk; maskreid gallery label works there"):
        same(empty, [id_])
    assert judgements(empty) == []
    assert leftovers(empty) == []
    assert remove(empty, Filter(ids=(id_,))) == 1


def test_a_full_disk_leaves_the_judgements_that_were_there(empty: Gallery, request: pytest.FixtureRequest) -> None:
    first, second = put(empty, unit(2))
    for id_ in [first] * 500 + [second]:
        append(empty, Judged.now("me", "same", [id_]))
    said = judgements(empty)
    empty.table.delete(f"id = '{second}'")  # past the library
    request.getfixturevalue("small_disk")
    with pytest.raises(MaskreidError, match="a file may not grow so large"):
        forget(empty)
    assert judgements(empty) == said
