from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.images import DISTRACTOR, JUNK, Dataset, PersonImage, read_image, read_mask, synthetic_world


@pytest.fixture(scope="module")
def world() -> Dataset:
    return synthetic_world(train=2, test=25, cameras=3, images=2, distractors=5, junk=4, seed=1)


def _read(dataset: Dataset, image: PersonImage) -> tuple[np.ndarray, np.ndarray]:
    assert image.mask
    return read_image(dataset.source, image.path), read_mask(dataset.source, image.mask)


def test_splits_are_disjoint_and_as_large_as_asked(world: Dataset) -> None:
    identities = {split: {image.identity for image in images} for split, images in world.splits.items()}
    assert identities["train"] == {1, 2}
    assert identities["query"] == set(range(3, 28))
    assert identities["gallery"] == identities["query"] | {DISTRACTOR, JUNK}
    assert [len(world.splits[split]) for split in ("train", "query", "gallery")] == [12, 75, 84]
    assert {image.camera for image in world.splits["gallery"]} == {1, 2, 3}
    assert not {i.path for i in world.splits["query"]} & {i.path for i in world.splits["gallery"]}


def test_the_same_seed_draws_the_same_pixels_in_any_order(world: Dataset) -> None:
    again = synthetic_world(train=2, test=25, cameras=3, images=2, distractors=5, junk=4, seed=1)
    names = again.source.members()
    assert names == world.source.members()
    for name in [*names[::40][::-1]]:
        assert again.source.read(name) == world.source.read(name)
    other = synthetic_world(train=2, test=25, cameras=3, images=2, distractors=5, junk=4, seed=2)
    assert other.source.read(names[0]) != world.source.read(names[0])


def test_every_image_has_a_mask_of_its_size_and_people_fill_a_fair_share(world: Dataset) -> None:
    shares = []
    for image in world.splits["query"]:
        pixels, mask = _read(world, image)
        assert pixels.shape == (128, 64, 3)
        assert mask.shape == (128, 64)
        shares.append(mask.mean())
    assert 0.15 < np.mean(shares) < 0.5
    assert np.min(shares) > 0.05


def test_masks_show_the_person_and_nothing_else(world: Dataset) -> None:
    """Two people whose crops differ only in the person differ only inside their masks."""
    from maskreid.images.synthetic.people import Figure, Person

    rng = np.random.default_rng(0)
    figure = Figure((128, 256))
    figure.person(Person.draw(rng), "front", (64, 250), 230, rng)
    painted = np.asarray(figure.colours).any(-1)
    mask = np.asarray(figure.mask)
    assert mask.any()
    assert not (painted & ~mask).any()


def test_junk_shows_almost_nobody(world: Dataset) -> None:
    junk = [_read(world, image)[1].mean() for image in world.splits["gallery"] if image.identity == JUNK]
    assert len(junk) == 4
    assert np.mean(junk) < 0.15


def test_the_background_misleads_and_the_mask_helps(world: Dataset) -> None:
    """Across cameras, colour histograms of the person find the person; of the whole image, the place."""
    whole, masked = (_histogram_rank1(world, use_mask=use) for use in (False, True))
    assert masked > 2 * whole
    assert masked > 0.4


def _histogram_rank1(world: Dataset, *, use_mask: bool) -> float:
    def histograms(images: tuple[PersonImage, ...]) -> np.ndarray:
        rows = []
        for image in images:
            pixels, mask = _read(world, image)
            chosen = pixels[mask] if use_mask and mask.any() else pixels.reshape(-1, 3)
            normal = chosen / np.maximum(chosen.mean(0), 1)  # undo the camera's light as far as a mean can
            counts, _ = np.histogramdd(normal, bins=(6, 6, 6), range=[(0, 2.5)] * 3)
            rows.append(np.sqrt(counts.ravel() / len(chosen)))
        return np.array(rows)

    query, gallery = world.splits["query"], world.splits["gallery"]
    similarity = histograms(query) @ histograms(gallery).T
    right = 0
    for row, image in zip(similarity, query, strict=True):
        ranked = [
            gallery[g]
            for g in np.argsort(-row)
            if gallery[g].identity != JUNK
            and not (gallery[g].identity == image.identity and gallery[g].camera == image.camera)
        ]
        right += ranked[0].identity == image.identity
    return right / len(query)


@pytest.mark.parametrize("wrong", [{"train": 0}, {"cameras": 1}, {"images": 1}, {"junk": -1}, {"size": (8, 8)}])
def test_impossible_worlds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(MaskreidError, match="synthetic world: expected"):
        synthetic_world(**wrong)  # type: ignore[arg-type]


def test_an_unknown_member_is_named(world: Dataset) -> None:
    with pytest.raises(MaskreidError, match=r"has no member nowhere.png"):
        world.source.read("nowhere.png")
