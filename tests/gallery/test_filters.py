from __future__ import annotations

import pytest
from made_up import put, unit

from maskreid.errors import MaskreidError
from maskreid.gallery import Filter, Gallery


@pytest.fixture
def people(empty: Gallery) -> Gallery:
    put(
        empty,
        unit(5),
        cameras=[1, 1, 2, 3, -1],
        times=[10.0, 20.0, 30.0, None, 1e9],
        identities=["ann", "bob", "ann", None, "o'neil"],
        tags=[["red"], ["red", "tall"], ["tall"], [], ["it's"]],
    )
    return empty


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        (Filter(), {0, 1, 2, 3, 4}),
        (Filter(cameras=(1, 3)), {0, 1, 3}),
        (Filter(not_cameras=(1,)), {2, 3, 4}),
        (Filter(cameras=(-1,)), {4}),
        (Filter(after=20), {1, 2, 4}),
        (Filter(before=20), {0}),
        (Filter(after=10, before=30), {0, 1}),
        (Filter(after=0), {0, 1, 2, 4}),
        (Filter(before=0), set()),
        (Filter(cameras=(1,), poor_mask=True), set()),
        (Filter(identities=("ann",)), {0, 2}),
        (Filter(identities=("o'neil", "bob")), {1, 4}),
        (Filter(tags=("red",)), {0, 1}),
        (Filter(tags=("red", "tall")), {1}),
        (Filter(tags=("it's",)), {4}),
        (Filter(identities=("ann",), not_cameras=(1,), tags=("tall",)), {2}),
        (Filter(identities=("' OR 1=1 --",)), set()),
    ],
)
def test_all_conditions_hold(people: Gallery, where: Filter, meant: set[int]) -> None:
    assert {entry.path for entry in people.entries(where)} == {f"row{row}" for row in meant}
    assert people.count(where) == len(meant)


@pytest.mark.parametrize("what", ["ids", "not_ids", "identities", "clusters", "tags"])
def test_a_text_is_not_several(what: str) -> None:
    with pytest.raises(MaskreidError, match=rf"{what}: expected several, such as \('abc',\), got the text 'abc'"):
        Filter(**{what: "abc"})  # type: ignore[arg-type]


def test_a_condition_with_an_or_in_it_is_one_condition() -> None:
    assert Filter(cameras=(1,), poor_mask=True).sql.endswith(" AND (coverage < 0.08 OR coverage > 0.75)")


def test_by_the_first_digits_of_an_id(people: Gallery) -> None:
    ids = [entry.id for entry in people.entries()]
    first, second = ids[0], ids[1]
    assert {entry.id for entry in people.entries(Filter(ids=(first[:9], second)))} == {first, second}
    assert {entry.id for entry in people.entries(Filter(not_ids=(first[:9], second)))} == set(ids[2:])


@pytest.mark.parametrize("bad", ["", "xyz", "ABC", "%", "0" * 33, "' OR 1=1"])
def test_an_id_is_hexadecimal(bad: str) -> None:
    with pytest.raises(MaskreidError, match="is no entry's id"):
        Filter(ids=(bad,))
    with pytest.raises(MaskreidError, match="is no entry's id"):
        Filter(not_ids=(bad,))


@pytest.mark.parametrize("camera", [-2, 2**31])
def test_a_camera_is_a_number_that_galleries_keep(camera: int) -> None:
    for wrong in ({"cameras": (1, camera)}, {"not_cameras": (camera,)}):
        with pytest.raises(MaskreidError, match=rf"camera is {camera}; expected 0 to 2147483647"):
            Filter(**wrong)


def test_a_time_is_finite() -> None:
    with pytest.raises(MaskreidError, match="finite"):
        Filter(after=float("nan"))
