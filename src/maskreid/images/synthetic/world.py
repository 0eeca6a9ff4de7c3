"""A small world of several cameras and synthetic people, with exact masks: a dataset that needs no download."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from maskreid.errors import MaskreidError
from maskreid.images.records import DISTRACTOR, JUNK, Dataset, PersonImage
from maskreid.images.synthetic.people import Figure, Person, View
from maskreid.images.synthetic.scenes import Camera, occlude

SUPERSAMPLING = 2
VIEWS: tuple[View, ...] = ("front", "back", "side")


@dataclass(frozen=True)
class Shot:
    """One picture to be drawn; everything random about it follows from the world's seed and these numbers."""

    person: int  # number of the person, in all splits
    camera: int  # from 1
    index: int  # picture of that person in that camera
    junk: bool = False  # a detection that missed: mostly background


class SyntheticSource:
    """A source that draws each file when it is read; nothing is stored."""

    def __init__(self, shots: dict[str, Shot], masks: dict[str, str], seed: int, size: tuple[int, int]) -> None:
        """Serve ``shots`` by image name, and their masks by the names in ``masks`` (mask -> image)."""
        self.name = f"synthetic world (seed {seed})"
        self._shots, self._masks, self._seed, self._size = shots, masks, seed, size
        self._camera = lru_cache(maxsize=None)(self._draw_camera)
        self._render = lru_cache(maxsize=1024)(self._draw)  # a chunk of images is read before its masks

    def members(self) -> list[str]:
        """Return every image and mask, sorted."""
        return sorted((*self._shots, *self._masks))

    def read(self, member: str) -> bytes:
        """Return one image or mask as PNG.

        Raises:
            MaskreidError: there is no such member.
        """
        shot = self._shots.get(self._masks.get(member, member))
        if shot is None:
            raise MaskreidError(f"{self.name}: has no member {member}")
        pixels, mask = self._render(shot)
        array = mask.astype(np.uint8) * 255 if member in self._masks else pixels
        buffer = io.BytesIO()
        Image.fromarray(array).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def _draw_camera(self, camera: int) -> Camera:
        height, width = (SUPERSAMPLING * n for n in self._size)
        return Camera.draw(np.random.default_rng((self._seed, 1, camera)), (width, height))

    def _draw(self, shot: Shot) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        rng = np.random.default_rng((self._seed, 3, shot.person, shot.camera, shot.index))
        who = Person.draw(np.random.default_rng((self._seed, 2, shot.person)))
        camera = self._camera(shot.camera)
        height, width = (SUPERSAMPLING * n for n in self._size)
        image = camera.background((width, height), rng)
        view = VIEWS[rng.choice(3, p=camera.sides)]
        tall = who.height * height * rng.uniform(0.93, 1.07)
        feet = (width * rng.uniform(0.4, 0.6), height * rng.uniform(0.94, 1.02))
        if shot.junk:  # the box missed the person
            feet = (width * (1.05 if rng.random() < 0.5 else -0.05), height * rng.uniform(1.1, 1.5))
        figure = Figure((width, height))
        figure.person(who, view, feet, tall, rng)
        image.paste(figure.colours, mask=figure.mask)
        if rng.random() < camera.occlusion:
            box = occlude(ImageDraw.Draw(image), (width, height), rng)
            ImageDraw.Draw(figure.mask).rectangle(box, fill=0)
        small = image.resize((self._size[1], self._size[0]), Image.Resampling.BOX)
        mask = figure.mask.convert("L").resize(small.size, Image.Resampling.BOX)
        return camera.expose(small, rng), np.asarray(mask) > 127


def synthetic_world(
    *,
    train: int = 80,
    test: int = 40,
    cameras: int = 4,
    images: int = 3,
    distractors: int = 60,
    junk: int = 20,
    size: tuple[int, int] = (128, 64),
    seed: int = 0,
) -> Dataset:
    """Invent a dataset in Market-1501's layout, with masks.

    Backgrounds are loud, belong to cameras and share their colours with clothes, so that similar backgrounds mislead
    a search across cameras and a mask helps. The same arguments give the same pixels.

    Args:
        train: identities to learn from.
        test: other identities to search for.
        cameras: each sees every identity.
        images: of each identity in each camera; in the test, the first is the query.
        distractors: gallery images of people who are nobody's match (identity 0).
        junk: gallery images whose box missed the person (identity -1).
        size: (height, width) in pixels.
        seed: of the whole world.

    Raises:
        MaskreidError: a count is too small to train on or to search in.
    """
    if min(train, test) < 1 or cameras < 2 or images < 2 or min(distractors, junk) < 0 or min(size) < 16:
        raise MaskreidError(
            "synthetic world: expected at least 1 training and 1 test identity, 2 cameras, 2 images, 16 pixels; got "
            f"train={train}, test={test}, cameras={cameras}, images={images}, distractors={distractors}, "
            f"junk={junk}, size={size}"
        )
    shots: dict[str, Shot] = {}
    masks: dict[str, str] = {}
    splits: dict[str, list[PersonImage]] = {"train": [], "query": [], "gallery": []}
    folders = {"train": "bounding_box_train", "query": "query", "gallery": "bounding_box_test"}

    def add(split: str, identity: int, shot: Shot) -> None:
        who = "-1" if identity == JUNK else f"{identity:04d}"
        stem = f"{who}_c{shot.camera}s1_{shot.person:06d}_{shot.index:02d}"
        path, mask = f"{folders[split]}/{stem}.png", f"{folders[split]}_seg/{stem}.png"
        shots[path], masks[mask] = shot, path
        splits[split].append(PersonImage(path, identity, shot.camera, None, mask))

    for person in range(1, train + test + 1):
        for camera in range(1, cameras + 1):
            for index in range(images):
                split = "train" if person <= train else "gallery" if index else "query"
                add(split, person, Shot(person, camera, index))
    for extra in range(distractors + junk):
        person = train + test + 1 + extra
        is_junk = extra >= distractors
        add("gallery", JUNK if is_junk else DISTRACTOR, Shot(person, extra % cameras + 1, 0, is_junk))
    source = SyntheticSource(shots, masks, seed, size)
    ordered = {split: tuple(sorted(records, key=lambda record: record.path)) for split, records in splits.items()}
    return Dataset("synthetic", source, ordered)
