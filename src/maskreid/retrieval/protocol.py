"""Which gallery images a query's ranking passes over, and which are its correct matches."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskreid.errors import MaskreidError
from maskreid.retrieval.features import DISTRACTOR, JUNK, UNKNOWN_CAMERA, Features, IntArray


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a ranking is judged.

    Gallery images of identity -1 are always passed over, images of identity 0 are always wrong answers. A
    gallery image of the query's own identity is a correct match, unless it is passed over as too easy.

    Attributes:
        name: what metrics.json says.
        same_camera: True passes over what the query's own camera saw of its identity. An unknown camera is
            never the same as another. False passes over only the query's own image, known by its path.
        answers_from: only this camera's images are correct matches, those of the other cameras are passed over;
            None takes every camera's.
    """

    name: str
    same_camera: bool
    answers_from: int | None = None

    def check(self, query: Features, gallery: Features) -> None:
        """Refuse features that lack what the protocol looks at.

        Raises:
            MaskreidError: paths are looked at, and are not there or not unique.
        """
        if self.same_camera:
            return
        if not (query.paths and gallery.paths):
            raise MaskreidError(
                f"protocol {self.name}: expected paths in query and gallery features, because it passes over "
                "the query's own image; got none"
            )
        for name, paths in (("query", query.paths), ("gallery", gallery.paths)):
            if len(set(paths)) < len(paths):
                twice = next(path for path, count in Counter(paths).items() if count > 1)
                raise MaskreidError(
                    f"protocol {self.name}: {name} has two images at {twice}, and an image is known by its path; "
                    "expected whole paths, no two alike"
                )

    def too_easy(
        self, query: Features, row: int | IntArray, gallery: Features, same_identity: IntArray
    ) -> np.ndarray:
        """Say which gallery images of a query's identity are passed over.

        Args:
            query: all queries.
            row: the query, or one for each of ``same_identity``.
            gallery: all that is searched.
            same_identity: (M,) int64 gallery rows that show the query's identity.

        Returns:
            (M,) bool.
        """
        cameras = gallery.cameras[same_identity]
        easy: np.ndarray
        if self.same_camera:
            camera = query.cameras[row]
            easy = (cameras == camera) & (camera != UNKNOWN_CAMERA)
        else:
            pairs = zip(np.broadcast_to(row, len(same_identity)), same_identity, strict=True)
            easy = np.array([gallery.paths[other] == query.paths[own] for own, other in pairs], dtype=bool)
        return easy if self.answers_from is None else easy | (cameras != self.answers_from)


MARKET1501 = Protocol("market1501", same_camera=True)
"""Market-1501, DukeMTMC-reID, MSMT17 and CUHK03-NP: cross-camera retrieval."""

CUHK03_CLASSIC = Protocol("cuhk03-classic", same_camera=True)
"""The rule of CUHK03's first protocol; `maskreid.retrieval.single_shot` draws its galleries."""

ALL_VS_ALL = Protocol("all-vs-all", same_camera=False)
"""Every image of a set searches all the others, from whatever camera: for images without cameras, too."""


def has_identity(identities: IntArray) -> NDArray[np.bool_]:
    """Whether each of (N,) identities names a person, who can be searched for."""
    somebody: NDArray[np.bool_] = (identities != JUNK) & (identities != DISTRACTOR)
    return somebody
