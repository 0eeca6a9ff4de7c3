from __future__ import annotations

from collections import Counter

from made_up import put, unit

from maskreid.gallery import Filter, Gallery, overview, picture_of
from maskreid.images import Dataset


def test_counts_are_those_of_the_entries(filled: Gallery) -> None:
    put(
        filled,
        unit(3),
        cameras=[7, -1, 7],
        times=[5.0, None, 9.0],
        identities=["a", "a", None],
        tags=[["x"], [], ["x", "y"]],
    )
    entries, seen = filled.entries(), overview(filled)
    assert seen.entries == len(entries)
    assert seen.cameras == Counter(entry.camera for entry in entries)
    assert seen.tags == Counter(tag for entry in entries for tag in entry.tags)
    assert seen.people == len({entry.identity for entry in entries if entry.identity})
    assert seen.named == sum(entry.identity is not None for entry in entries)
    assert (seen.first, seen.last) == (5, 9)
    assert seen.timeless == sum(entry.time is None for entry in entries)
    assert sum(seen.coverage) == len(entries)
    assert overview(filled, Filter(cameras=(7,))).entries == 2
    assert overview(filled, Filter(cameras=(99,))).first is None


def test_a_picture_is_the_kept_one_or_the_enrolled_bytes(filled: Gallery, world: Dataset, model: str) -> None:
    from maskreid.gallery import enrol

    entry = filled.entries(limit=1)[0]
    kept = picture_of(filled, entry.id)
    assert kept is not None
    assert kept[:2] == b"\xff\xd8"
    without = Gallery.create(filled.path + "-without", model)
    enrol(without, world, splits=["gallery"])
    assert picture_of(without, entry.id) is None
    made = picture_of(without, entry.id, [world.source])
    assert made is not None
    assert made[:2] == b"\xff\xd8"

    class Changed:
        name = "changed"

        def members(self) -> list[str]:
            return []

        def read(self, member: str) -> bytes:
            return world.source.read(world.splits["query"][0].path)

    assert picture_of(without, entry.id, [Changed()]) is None
