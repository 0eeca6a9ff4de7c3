"""A gallery: one Lance table and what it was made for."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskreid.errors import MaskreidError
from maskreid.files import as_text
from maskreid.gallery.errors import once_more, telling
from maskreid.gallery.filters import Filter
from maskreid.gallery.place import BUCKETS, in_bucket
from maskreid.gallery.schema import SETTINGS, TABLE, quoted, table_schema
from maskreid.retrieval import Calibration

if TYPE_CHECKING:  # torch takes two seconds to import, and listing, labelling and deleting do without
    from maskreid.network import Model

VERSION = 1
BATCH = 8192  # rows read at a time
LOOKED_UP = 1024  # ids in one condition


@dataclass(frozen=True)
class Settings:
    """What was decided when the gallery was created.

    Attributes:
        version: of the layout.
        model: shipped name or path of the model, for `maskreid.network.load_model`.
        fingerprint: of that model and its preprocessing.
        dimension: of a feature.
        masks: where masks come from, as for ``data.masks`` in a recipe.
        thumbnail: height in pixels of the picture kept of each image; 0 keeps none.
        audit: whether searches, labels and deletions are logged.
        created: date and time.
        own_masks: whether the masks are those that its model was trained with; None in galleries of long ago.
        card: digest of what the model's card says of its weights and preprocessing; None likewise.
    """

    version: int
    model: str
    fingerprint: str
    dimension: int
    masks: str
    thumbnail: int
    audit: bool
    created: str
    own_masks: bool | None = None
    card: str | None = None


@dataclass(frozen=True)
class Entry:
    """One enrolled image, without its feature.

    Attributes:
        id: of its content.
        camera: -1 where unknown.
        time: seconds since 1970, or as the source counts; None where unknown.
        identity: who it is, where somebody said so.
        cluster: the entries that may show the same person, as `maskreid.gallery.cluster` proposes; None without.
        tags: words that people gave it.
        source: dataset it came from.
        path: its path there.
        coverage: share of the image that its mask covers.
        added: when it was enrolled.
    """

    id: str
    camera: int
    time: float | None
    identity: str | None
    cluster: str | None
    tags: tuple[str, ...]
    source: str
    path: str
    coverage: float
    added: datetime


ENTRY = tuple(Entry.__dataclass_fields__)


class Gallery:
    """An open gallery.

    Attributes:
        path: folder, or ``s3://bucket/prefix``.
        settings: what was decided when it was created.
        table: the LanceDB table.
    """

    def __init__(self, path: str | Path) -> None:
        """Open a gallery that is there.

        Raises:
            MaskreidError: there is none, it cannot be read, or another version wrote it.
        """
        self.path = str(path)
        with telling(self.path):
            self.table: Any = _open_table(self.path)
        saved = self._saved_settings()
        if saved is None:
            raise MaskreidError(f"{path}: a Lance table, but no gallery; maskreid gallery create makes one")
        values = json.loads(saved)
        if values.get("version") != VERSION:
            raise MaskreidError(
                f"{path}: a gallery of layout {values.get('version')}, this maskreid reads {VERSION}; install the "
                "version that made it"
            )
        self.settings = Settings(**values)

    def _saved_settings(self) -> bytes | None:
        found: bytes | None = (self.table.schema.metadata or {}).get(SETTINGS)
        return found

    def check_current(self) -> None:
        """Refuse to go on with another gallery that has been created in this one's place since it was opened.

        Raises:
            MaskreidError: there is one, or none any more.
        """
        with telling(self.path):
            saved = self._saved_settings()
        if saved is None or Settings(**json.loads(saved)) != self.settings:
            raise MaskreidError(
                f"{self.path}: another gallery was created in this one's place since it was opened; open it again "
                "(maskreid serve: end it and start it anew)"
            )

    @classmethod
    def create(
        cls, path: str | Path, model: str, *, masks: str | None = None, thumbnail: int = 0, audit: bool = False
    ) -> Gallery:
        """Make an empty gallery for a model's features.

        Args:
            path: a new or empty folder, or ``s3://bucket/prefix``.
            model: as for `maskreid.network.load_model`; entries are refused where it has changed.
            masks: where masks come from; the default is what the model was trained with.
            thumbnail: height in pixels of the picture to keep of each image; 0 keeps none.
            audit: log searches, labels, judgements and deletions in ``audit.jsonl``; for a gallery on disk.

        Raises:
            MaskreidError: something is there already, or it cannot be written.
        """
        from maskreid.masks.named import mask_source, whole_name
        from maskreid.network import list_models, load_model

        if thumbnail < 0:
            raise MaskreidError(f"thumbnail is {thumbnail}; expected a height in pixels, or 0 for none")
        if audit and in_bucket(path):
            raise MaskreidError(f"{path}: an audit log needs a gallery on disk; leave it out, or create it there")
        loaded = load_model(model)
        own, masks = whole_name(loaded.masks_from()), whole_name(loaded.masks_from(masks))
        mask_source(masks)  # a folder may not be there
        settings = Settings(
            version=VERSION,
            model=model if model in list_models() else str(Path(model).resolve()),
            fingerprint=loaded.fingerprint,
            dimension=loaded.dimension,
            masks=masks,
            thumbnail=thumbnail,
            audit=audit,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            own_masks=masks == own,
            card=card_digest(loaded.card),
        )
        folder = Path(path)
        if not in_bucket(path) and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise MaskreidError(f"{path}: is there already; name a new or empty folder")
        schema = table_schema(settings.dimension).with_metadata({SETTINGS: json.dumps(asdict(settings)).encode()})
        with telling(str(path)):
            try:
                _connect(str(path)).create_table(TABLE, schema=schema)
            except (OSError, RuntimeError):  # a full disk: what was begun would pass for a gallery the next time
                if not in_bucket(path) and not any(folder.glob(f"{TABLE}.lance/_versions/*.manifest")):
                    shutil.rmtree(folder / f"{TABLE}.lance", ignore_errors=True)
                raise
        return cls(path)

    @once_more
    def __len__(self) -> int:
        with telling(self.path):
            return int(self.table.count_rows())

    @once_more
    def count(self, where: Filter) -> int:
        """Return how many entries ``where`` means."""
        with telling(self.path):
            return int(self.table.count_rows(where.sql or None))

    def model(self, name: str | None = None, device: str = "cpu") -> Model:
        """Return the model that this gallery's features are of.

        Args:
            name: where it is now, if not where it was when the gallery was created.
            device: where to put it.

        Raises:
            MaskreidError: it is not there, or not the same.
        """
        from maskreid.network import load_model

        try:
            loaded = load_model(name or self.settings.model, device)
        except MaskreidError as error:
            moved = "" if name else f"; --model says where {self.path}'s model is now"
            raise MaskreidError(f"{error}{moved}") from None
        return self.own(loaded, name or self.settings.model)

    def own(self, model: Model, name: str = "MODEL") -> Model:
        """Return ``model``, which is called ``name``, if this gallery's features are of it.

        Raises:
            MaskreidError: they are not.
        """
        if model.fingerprint != self.settings.fingerprint:
            raise MaskreidError(
                f"{self.path}: holds features of model {self.settings.fingerprint}, but {name} is "
                f"{model.fingerprint}; features of two models do not mix: "
                f"maskreid gallery create NEW --model {name}, and add the images again"
            )
        return model

    def calibration(self, card: Mapping[str, Any] | None = None) -> Calibration | None:
        """Return how its model's similarities become probabilities, if the model is there and calibrated.

        Another source of masks than the model's own was not calibrated for, and neither was this gallery if another
        model has taken the place of its own.

        Args:
            card: of the model, from `model`, if it is not where it was when the gallery was created.
        """
        from maskreid.network import read_card

        if card is None:
            try:
                card = read_card(self.settings.model)
            except MaskreidError:
                return None
            if self.settings.card not in (None, card_digest(card)):
                return None
        own = self.settings.own_masks
        if own is None:
            own = self.settings.masks == card["preprocessing"]["masks"]["source"]
        return Calibration.of(card) if own else None

    def rows(
        self,
        columns: Sequence[str],
        where: Filter | None = None,
        limit: int | None = None,
        *,
        order: Sequence[str] = (),
        offset: int = 0,
    ) -> Iterator[Any]:
        """Yield the entries that ``where`` means, as Arrow record batches of some columns.

        Args:
            columns: of `maskreid.gallery.schema.table_schema`.
            where: which entries; None for all.
            limit: at most so many.
            order: columns to sort by, the first deciding; the smallest value first ("-" before a name: the largest),
                null last. Without any, rows come as they lie.
            offset: rows to pass over.
        """
        from lance.dataset import ColumnOrdering

        sql = where.sql if where else ""
        keys = [ColumnOrdering(key.lstrip("-"), not key.startswith("-"), nulls_first=False) for key in order]
        with telling(self.path):
            scanner = self.table.to_lance().scanner(
                columns=list(columns),
                filter=sql or None,
                limit=limit,
                offset=offset or None,
                order_by=keys or None,
                batch_size=BATCH,
            )
            yield from scanner.to_batches()

    @once_more
    def present(self, ids: Collection[str]) -> set[str]:
        """Return those of some whole ids that are entries'."""
        return {id_ for part in self.look_up(ids, ["id"]) for id_ in part["id"].to_pylist()}

    def look_up(self, ids: Collection[str], columns: Collection[str]) -> Iterator[Any]:
        """Yield Arrow tables of those of some whole ids that are entries', in no order."""
        wanted = list(ids)
        for start in range(0, len(wanted), LOOKED_UP):
            sql = f"id IN ({quoted(wanted[start : start + LOOKED_UP])})"
            with telling(self.path):
                yield self.table.to_lance().scanner(columns=list(columns), filter=sql).to_table()

    @once_more
    def entries(
        self,
        where: Filter | None = None,
        limit: int | None = None,
        *,
        order: Sequence[str] = (),
        offset: int = 0,
    ) -> list[Entry]:
        """Return the entries that ``where`` means, at most ``limit``, as `rows` does."""
        found = []
        for batch in self.rows(ENTRY, where, limit, order=order, offset=offset):
            found += [as_entry(row) for row in batch.to_pylist()]
        return found


def as_entry(row: dict[str, Any]) -> Entry:
    """Return the entry that a row of the table is."""
    return Entry(**{**{name: row[name] for name in ENTRY}, "tags": tuple(row["tags"])})


def card_digest(card: Mapping[str, Any]) -> str:
    """Return sixteen hex digits that change with a model, as its fingerprint does, but need no weights."""
    said = [card.get("weights_sha256"), card["preprocessing"]]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def _connect(path: str) -> Any:
    """Return the database whose tables always show what other processes have written."""
    try:
        import lancedb
    except ImportError:
        raise MaskreidError("a gallery is kept by LanceDB; pip install 'maskreid[gallery]'") from None
    if not in_bucket(path) and ("?" in path or path != as_text(path)):  # Lance takes a path for an address
        raise MaskreidError(f"{path!r}: a gallery's path has no question mark and is UTF-8; rename the folder")
    if in_bucket(path) and not path.startswith(BUCKETS):
        raise MaskreidError(f"{path}: expected a folder, or one of {', '.join(BUCKETS)}, such as s3://bucket/prefix")
    # Whole, since Lance takes "~" for a home and what stands before a colon for a kind of storage.
    place = path if in_bucket(path) else os.path.abspath(path)
    return lancedb.connect(place, read_consistency_interval=timedelta(0))


def _open_table(path: str) -> Any:
    if not in_bucket(path) and not (Path(path) / f"{TABLE}.lance").is_dir():
        raise MaskreidError(f"{path}: there is no gallery; maskreid gallery create {path} makes one")
    return _connect(path).open_table(TABLE)
