from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from maskreid.errors import MaskreidError
from maskreid.images import Dataset, join_datasets, open_dataset, split_identities, synthetic_world
from maskreid.training.learned import datasets_of, learned_before, learned_people, refuse_other_split, some_photos


def people_of(dataset: Dataset) -> set[int]:
    return {image.identity for image in dataset.splits["train"]}


def held_out(dataset: Dataset, share: float, seed: int) -> set[int]:
    return {image.identity for image in split_identities(dataset.splits["train"], share, seed)[1]}


def entry(dataset: Dataset, share: float = 0.0, seed: int = 0, **more: Any) -> dict[str, Any]:
    recipe = {"seed": seed, "data": {"held_out": share}}
    photos = some_photos(dataset.source, split_identities(dataset.splits["train"], share, seed)[0])
    return {"data": dataset.label, "datasets": datasets_of(dataset), "photos": photos, "recipe": recipe, **more}


def folders(path: Path, people: int, colour: int = 0) -> Dataset:
    """A folder per person: two pictures each, of colours that no other picture has."""
    for person in range(people):
        folder = path / f"p{person:02}"
        folder.mkdir(parents=True)
        for number in (1, 2):
            Image.new("RGB", (8, 16), (colour, person, number)).save(folder / f"{number}.png")
    return open_dataset(path)


def listed(path: Path, people: int, colour: int = 0) -> Dataset:
    """The same pictures in a CSV that names the people."""
    folders(path / "photos", people, colour)
    rows = [f"photos/p{person:02}/{number}.png,n{person},1,train" for person in range(people) for number in (1, 2)]
    (path / "people.csv").write_text("\n".join(["path,identity,camera,split", *rows]))
    return open_dataset(path / "people.csv")


def other_world() -> Dataset:
    world = synthetic_world(train=8, test=4, cameras=2, images=2, distractors=1, junk=1, seed=9)
    return replace(world, name="other")


def test_what_was_held_out_was_not_learned(world: Dataset) -> None:
    assert learned_people(entry(world), world) == people_of(world)
    assert learned_people(entry(world, 0.5, 3), world) == people_of(world) - held_out(world, 0.5, 3)
    assert learned_people(entry(other_world()), world) == set()
    assert learned_people({}, world) == set()


def test_a_model_knows_whom_the_models_before_it_learned(world: Dataset) -> None:
    first = entry(world, 0.5, 3)
    second = entry(world, 0.5, 4, init=first)
    third = entry(other_world(), init=second)
    strangers = held_out(world, 0.5, 3) & held_out(world, 0.5, 4)
    assert learned_people(third, world) == people_of(world) - strangers
    assert learned_people(entry(world, 0.5, 3, init=entry(world)), world) == people_of(world)


def test_a_model_knows_whom_its_teachers_and_theirs_learned(world: Dataset) -> None:
    first, second = entry(world, 0.5, 3), entry(world, 0.5, 4, init=entry(other_world()))
    taught = entry(other_world(), teachers=[second, entry(other_world(), teachers=[first])])
    strangers = held_out(world, 0.5, 3) & held_out(world, 0.5, 4)
    assert learned_people(taught, world) == people_of(world) - strangers


def test_what_was_before_is_on_the_card_once(world: Dataset) -> None:
    """However a model comes of it, and from cards of both kinds."""
    first, second, third = (entry(world, 0.5, seed) for seed in (3, 4, 5))
    nested = {**second, "init": first, "teachers": [first, third]}
    flat = {**third, "before": [first]}
    assert learned_before([nested, flat, first]) == [second, first, third]
    assert learned_before([]) == []
    taught = entry(other_world(), before=learned_before([nested, flat]))
    strangers = set.intersection(*(held_out(world, 0.5, seed) for seed in (3, 4, 5)))
    assert learned_people(taught, world) == people_of(world) - strangers


def test_other_people_in_the_same_layout_are_others(tmp_path: Path) -> None:
    mine, more = folders(tmp_path / "a", 6), folders(tmp_path / "b", 9, colour=100)
    alike = folders(tmp_path / "c", 6, colour=200)
    assert mine.label == more.label == alike.label
    assert learned_people(entry(mine), more) == learned_people(entry(mine), alike) == set()
    assert learned_people(entry(mine), mine) == people_of(mine)


def test_people_of_another_csv_are_others(tmp_path: Path) -> None:
    mine, more = listed(tmp_path / "a", 6), listed(tmp_path / "b", 9, colour=100)
    assert learned_people(entry(mine), more) == set()
    assert learned_people(entry(mine, 0.5), mine) == people_of(mine) - held_out(mine, 0.5, 0)


def test_of_other_folders_a_card_without_photos_knows_nobody(tmp_path: Path) -> None:
    mine, more = folders(tmp_path / "a", 6), folders(tmp_path / "b", 9, colour=100)
    old = {key: value for key, value in entry(mine).items() if key != "photos"}
    assert learned_people(old, mine) == people_of(mine)
    assert learned_people(old, more) == set()


def test_of_another_csv_a_card_without_photos_knows_nothing(tmp_path: Path) -> None:
    """It may name the same people anew."""
    mine, more = listed(tmp_path / "a", 6), listed(tmp_path / "b", 9, colour=100)
    old = {key: value for key, value in entry(mine).items() if key != "photos"}
    assert learned_people(old, mine) == people_of(mine)
    with pytest.raises(MaskreidError, match="nobody can tell here which of these people"):
        learned_people(old, more)


def test_a_dataset_has_the_same_digest_when_it_is_joined(tmp_path: Path) -> None:
    mine = listed(tmp_path, 6)
    assert datasets_of(join_datasets([other_world(), mine]))[1:] == datasets_of(mine)


def test_photos_are_known_again_in_another_folder(tmp_path: Path) -> None:
    mine, strangers = folders(tmp_path / "mine", 6), folders(tmp_path / "strangers", 2, colour=100)
    training = entry(mine, 0.5)
    learned = [f"p{number - 1:02}" for number in sorted(people_of(mine) - held_out(mine, 0.5, 0))]
    for person in {"p00", "p01", "p02", "p03", "p04", "p05"} - set(learned):  # whom it did not learn
        shutil.copytree(tmp_path / "mine" / person, tmp_path / "strangers" / person)
    assert learned_people(training, open_dataset(tmp_path / "strangers")) == set()
    shutil.copytree(tmp_path / "mine" / learned[0], tmp_path / "strangers" / "renamed")
    with pytest.raises(MaskreidError, match="nobody can tell here which of these people"):
        learned_people(training, open_dataset(tmp_path / "strangers"))
    with pytest.raises(MaskreidError, match="nobody can tell here which of these people"):
        learned_people(entry(strangers, init=training), open_dataset(tmp_path / "strangers"))
    (tmp_path / "mine" / "p06").mkdir()
    Image.new("RGB", (8, 16)).save(tmp_path / "mine" / "p06" / "1.png")  # one photo more, in its own folder
    with pytest.raises(MaskreidError, match="nobody can tell here which of these people"):
        learned_people(training, open_dataset(tmp_path / "mine"))


def test_a_card_keeps_few_photos(tmp_path: Path) -> None:
    for people, kept in ((2, 4), (32, 64), (33, 33), (64, 64)):
        images = folders(tmp_path / str(people), people).splits["train"]
        assert len(set(some_photos(open_dataset(tmp_path / str(people)).source, images))) == kept


def test_a_changed_copy_of_a_published_dataset_is_not_taken_for_other_people(world: Dataset) -> None:
    images = world.splits["train"]
    changed = replace(world, splits={"train": images[:3] + images[4:]})
    for here in (changed, join_datasets([other_world(), changed])):
        with pytest.raises(MaskreidError, match="in this order and without a change, or other people"):
            learned_people(entry(world, 0.5), here)


def test_a_folder_its_parent_and_its_zip_are_the_same_people(tmp_path: Path) -> None:
    mine = folders(tmp_path / "a" / "inside", 6)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in sorted((tmp_path / "a").rglob("*.png")):
            archive.write(file, file.relative_to(tmp_path))
    shutil.copytree(tmp_path / "a" / "inside", tmp_path / "elsewhere")
    for path in ("a.zip", "elsewhere"):
        assert datasets_of(open_dataset(tmp_path / path)) == datasets_of(mine)


def test_a_name_need_not_be_utf8(tmp_path: Path) -> None:
    mine = folders(tmp_path, 3)
    (tmp_path / "p01").rename(tmp_path / os.fsdecode(b"Jos\xe9"))
    renamed = open_dataset(tmp_path)
    assert datasets_of(renamed) != datasets_of(mine)
    assert learned_people(entry(renamed), renamed) == {1, 2, 3}


def test_of_joined_datasets_only_the_whole_can_be_told_apart(world: Dataset) -> None:
    both = join_datasets([world, other_world()])
    assert [label for label, _ in datasets_of(both)] == [world.label, "other"]
    assert learned_people(entry(both, 0.5), both) == people_of(both) - held_out(both, 0.5, 0)
    with pytest.raises(MaskreidError, match="name exactly these datasets, in this order"):
        learned_people(entry(both, 0.5), world)
    with pytest.raises(MaskreidError, match="name exactly these datasets, in this order"):
        learned_people(entry(world, 0.5), both)


def test_another_random_split_has_learned_people_in_it(world: Dataset) -> None:
    own, other = (replace(world, name="viper", split=number) for number in (0, 3))
    for training in (entry(own), entry(world, init=entry(own)), entry(join_datasets([other_world(), own]))):
        refuse_other_split(training, own)
        for here in (other, join_datasets([other_world(), other])):
            for refusing in (refuse_other_split, learned_people):
                with pytest.raises(MaskreidError, match=r"from viper \(split 0\) and so knows people of viper"):
                    refusing(training, here)


def test_cards_without_digests_go_by_names(world: Dataset) -> None:
    old = {"data": world.label, "recipe": {"seed": 3, "data": {"held_out": 0.5}}}
    assert learned_people(old, world) == people_of(world) - held_out(world, 0.5, 3)
    assert learned_people({"data": world.label}, world) == people_of(world), "where nobody was held out"
    test_only = replace(world, splits={name: world.splits[name] for name in ("query", "gallery")})
    assert learned_people(old, test_only) == set()


def test_people_who_were_named_anew_are_not_taken_for_others(tmp_path: Path) -> None:
    """A CSV's numbers follow its names, and who was held out follows the numbers."""
    folders(tmp_path / "photos", 12)
    rows = [(f"photos/p{person:02}/{number}.png", f"person{person:02}") for person in range(12) for number in (1, 2)]

    def listed(**named: str) -> Dataset:
        lines = ["path,identity,camera,split", *(f"{path},{named.get(name, name)},1,train" for path, name in rows)]
        (tmp_path / "people.csv").write_text("\n".join(lines))
        return open_dataset(tmp_path / "people.csv")

    training = entry(listed(), 0.25)
    assert len(learned_people(training, listed())) == 9
    assert len(learned_people(training, listed(person03="person03b"))) == 9  # in the same place, so the same numbers
    for changed in (listed(person07="anna"), listed(person07="person06")):
        with pytest.raises(MaskreidError, match="nobody can tell here which of these people"):
            learned_people(training, changed)
    joined = join_datasets([listed(), other_world()])
    together = entry(joined, 0.25)
    assert learned_people(together, joined)
    with pytest.raises(MaskreidError, match="nobody can tell here which of these people"):
        learned_people(together, join_datasets([listed(person07="anna"), other_world()]))
