"""Images in: read, mask, embed, and keep each once."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from maskreid.ahead import ahead
from maskreid.errors import MaskreidError
from maskreid.files import as_text
from maskreid.gallery.errors import telling
from maskreid.gallery.gallery import Gallery
from maskreid.gallery.lock import writing
from maskreid.gallery.names import check_name, check_tag
from maskreid.gallery.schema import content_id, row_checksum
from maskreid.gallery.tend import tend
from maskreid.images import Dataset, PersonImage, check_camera, decode_image
from maskreid.images.folders import FOLDERS
from maskreid.images.parts import in_parts
from maskreid.progress import Progress, chunks, silent

if TYPE_CHECKING:
    from maskreid.embedding import Embedder
    from maskreid.network import Model

Row = dict[str, Any]
Picture = npt.NDArray[np.uint8]

CHUNK = 256  # images whose files are read and looked up together
WRITE = 512  # rows that are written together: what a kill may cost to embed again
NAMED = 5  # unreadable images that are named
WIDEST = 4096  # pixels of a picture that is kept


@dataclass(frozen=True)
class Enrolled:
    """What became of the images.

    Attributes:
        added: new entries.
        known: images that were there already, or twice in what was given.
        fallbacks: new entries whose mask covers so little that the whole image stands in.
        unreadable: how many images could not be read.
        reasons: why, for the first few of them.
    """

    added: int
    known: int
    fallbacks: int
    unreadable: int
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        text = f"{self.added:,} added, {self.known:,} already there"
        if self.fallbacks:
            text += f", {self.fallbacks:,} without a usable mask"
        if self.unreadable:
            text += f"; {self.unreadable:,} unreadable: " + "; ".join(self.reasons)
        return text


def enrol(
    gallery: Gallery,
    dataset: Dataset,
    *,
    model: Model | None = None,
    masks: str | None = None,
    splits: Sequence[str] = (),
    camera: int | None = None,
    time: float | None = None,
    tags: Sequence[str] = (),
    backend: str | None = None,
    precision: str | None = None,
    tending: bool = True,
    progress: Progress = silent,
) -> Enrolled:
    """Add a dataset's images to a gallery; memory does not grow with their number.

    An image is known by its bytes and kept once. After a kill the same call goes on: what was written is whole and
    is passed over, at the price of reading it.

    Args:
        gallery: where to.
        dataset: from `maskreid.images.open_dataset`, whose ``anything`` takes images without labels.
        model: from ``gallery.model()``, which is the default.
        masks: where masks come from; must be what the gallery was created with.
        splits: of the dataset; all by default.
        camera: for all images, instead of what the dataset says.
        time: for all images, instead of what the dataset says.
        tags: for all images.
        backend: who computes: "torch", "onnx" or "openvino"; by default the fastest for so many images.
            Features differ by rounding only.
        precision: "float32" or "bfloat16"; by default the latter where the processor has it.
        tending: whether to join files and bring the indexes up to date afterwards (`maskreid.gallery.tend`).
        progress: told about every image.

    Raises:
        MaskreidError: the model or its masks are not the gallery's, no camera has such a number, a person or a tag
            cannot be called so (`maskreid.gallery.names`), or the gallery cannot be written.
    """
    from maskreid.embedding import Embedder
    from maskreid.masks.named import whole_name

    if camera is not None:
        check_camera(camera)
    for tag in tags:
        check_tag(tag)
    settings = gallery.settings
    if masks is not None and whole_name(masks) != whole_name(settings.masks):
        raise MaskreidError(
            f"{gallery.path}: its features are of masks {settings.masks!r}, not {masks!r}; features of two kinds of "
            f"masks do not mix: maskreid gallery create NEW --model {settings.model} --masks {masks}, and add again"
        )
    model = gallery.own(model) if model else gallery.model()
    images = dataset.images(splits)
    for name in {_person(dataset, image) for image in images}:
        check_name(name)
    embedder = Embedder(model, masks=settings.masks, backend=backend, precision=precision, images=len(images))
    maker = _Maker(gallery, dataset, embedder, camera, time, tuple(tags))
    with writing(gallery.path):
        counted = progress(images, total=len(images), what="adding images", unit="image")
        waiting: dict[str, Row] = {}
        for part in ahead(in_parts(maker.read(counted), lambda read: read.picture)):
            for row in maker.rows(part):
                waiting.setdefault(row["id"], row)
            if len(waiting) >= WRITE:
                maker.added += _write(gallery, waiting)
        maker.added += _write(gallery, waiting)
    if tending:
        tend(gallery)
    return Enrolled(
        maker.added, len(images) - maker.unreadable - maker.added, maker.fallbacks, maker.unreadable, maker.reasons
    )


class _Read(NamedTuple):
    """An image that is not there yet."""

    image: PersonImage
    id: str
    picture: Picture


class _Maker:
    """Makes rows of images that are not there yet, and counts."""

    def __init__(
        self,
        gallery: Gallery,
        dataset: Dataset,
        embedder: Embedder,
        camera: int | None,
        time: float | None,
        tags: tuple[str, ...],
    ) -> None:
        self.gallery, self.dataset, self.embedder = gallery, dataset, embedder
        self.camera, self.time, self.tags = camera, time, tags
        self.added = self.fallbacks = self.unreadable = 0
        self.reasons: tuple[str, ...] = ()

    def read(self, images: Iterable[PersonImage]) -> Iterator[_Read]:
        """Yield those of the images that are not there yet, each once in a chunk."""
        source = self.dataset.source
        for chunk in chunks(images, CHUNK):
            contents = []
            for image in chunk:
                with self._counting_unreadable():
                    contents.append((image, source.read(image.path)))
            ids = [content_id(content) for _, content in contents]
            known = self.gallery.present(ids)
            for (image, content), id_ in zip(contents, ids, strict=True):
                if id_ not in known:
                    known.add(id_)
                    with self._counting_unreadable():
                        yield _Read(image, id_, decode_image(content, f"{source.name}: {image.path}"))

    @contextmanager
    def _counting_unreadable(self) -> Iterator[None]:
        try:
            yield
        except MaskreidError as error:
            self.unreadable += 1
            self.reasons += (str(error),) if len(self.reasons) < NAMED else ()

    def rows(self, part: Sequence[_Read]) -> Iterator[Row]:
        """Yield a row for each image."""
        images, ids, native = zip(*part, strict=True)
        settings, now = self.gallery.settings, datetime.now(UTC)
        vectors, shaped = self.embedder(self.dataset.source, images, native)
        self.fallbacks += shaped.fallbacks
        for image, id_, picture, vector, share in zip(images, ids, native, vectors, shaped.coverage, strict=True):
            time = image.time if self.time is None else self.time
            facts = {
                "id": id_,
                "camera": int(image.camera if self.camera is None else self.camera),
                "time": None if time is None else float(time),  # as the table keeps it: the checksum is of that
                "source": as_text(self.dataset.label),
                "path": as_text(image.path),
                "model": settings.fingerprint,
            }
            thumbnail = thumbnail_of(picture, settings.thumbnail) if settings.thumbnail else None
            yield {
                **facts,
                "identity": _person(self.dataset, image),
                "cluster": None,
                "tags": list(self.tags),
                "coverage": float(share),
                "thumbnail": thumbnail,
                "added": now,
                "checksum": row_checksum(vector.tobytes(), thumbnail, facts),
                "feature": vector,
            }


def _person(dataset: Dataset, image: PersonImage) -> str | None:
    """Return a name that no two people share: numbers, and folders named by numbers, are of one dataset only."""
    if image.identity <= 0:
        return None
    name = dataset.identity_names.get(image.identity, str(image.identity))
    said = image.identity in dataset.identity_names and not (dataset.name == FOLDERS.name and name.isdecimal())
    return as_text(name if said else f"{dataset.numbering or dataset.name}/{name}")


def thumbnail_of(picture: npt.NDArray[np.uint8], height: int) -> bytes:
    """Return an (H, W, 3) uint8 RGB image as JPEG, made smaller where it has more rows than ``height``.

    One of more columns than `WIDEST` is made smaller too: JPEG has a limit.
    """
    image = Image.fromarray(picture)
    scale = min(height / image.height, WIDEST / image.width)
    if scale < 1:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(size, Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _write(gallery: Gallery, waiting: dict[str, Row]) -> int:
    """Write the rows in one step and forget them; return how many were new: another process may have been first."""
    import pyarrow as pa

    if not waiting:
        return 0
    rows, schema = list(waiting.values()), gallery.table.schema
    vectors = np.concatenate([row["feature"] for row in rows])
    features = pa.FixedSizeListArray.from_arrays(pa.array(vectors), gallery.settings.dimension)
    columns = {
        name: features if name == "feature" else pa.array([row[name] for row in rows], schema.field(name).type)
        for name in schema.names
    }
    with telling(gallery.path):
        result = gallery.table.merge_insert("id").when_not_matched_insert_all().execute(pa.table(columns, schema))
    waiting.clear()
    return int(result.num_inserted_rows)
