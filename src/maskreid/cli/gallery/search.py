"""``maskreid gallery search``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from maskreid.cli.common import DeviceOption, PrecisionOption, device_of, refuse_surplus
from maskreid.cli.gallery.common import (
    MOST,
    AfterOption,
    BeforeOption,
    CamerasOption,
    GalleryArgument,
    IdentitiesOption,
    ModelOption,
    NotCamerasOption,
    RayOption,
    TagsOption,
    WorkersOption,
    filter_of,
)
from maskreid.errors import MaskreidError

if TYPE_CHECKING:
    from maskreid.gallery import Gallery, Hit
    from maskreid.gallery.nearest import Nearest, Vectors
    from maskreid.network import Model


def search(
    gallery: GalleryArgument,
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IMAGES]...", help="Who is asked for: image files, folders, zips.", show_default=False
        ),
    ] = None,
    entry: Annotated[
        list[str] | None,
        typer.Option(
            "--entry", metavar="ID", help="Ask for who is in this entry, which is no answer itself; may be repeated."
        ),
    ] = None,
    pool: Annotated[
        bool, typer.Option("--pool", help="All images show one person: ask once, by their mean.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, max=MOST, help="Answers for each query.")] = 10,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Re-order the best 100 by who shares whose neighbours.")
    ] = False,
    probes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Look only into the N nearest parts of the index, after measuring how much that misses. [default: "
            "all, which is exact]",
            show_default=False,
        ),
    ] = None,
    unknown_below: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            min=0,
            max=1,
            help="Say unknown where the best answer's probability is lower than this. [default: 0.5]",
            show_default=False,
        ),
    ] = None,
    false_matches: Annotated[
        float | None,
        typer.Option(
            "--false-matches",
            metavar="RATE",
            help="Say unknown by similarity instead: below what this share of the pairs of different people reaches "
            "(0.1, 0.01, 0.001 or 0.0001, as far as the model's card has it).",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a query, a line each.")] = False,
    identities: IdentitiesOption = None,
    cameras: CamerasOption = None,
    not_cameras: NotCamerasOption = None,
    after: AfterOption = None,
    before: BeforeOption = None,
    tags: TagsOption = None,
    model: ModelOption = None,
    precision: PrecisionOption = None,
    device: DeviceOption = None,
    ray: RayOption = None,
    workers: WorkersOption = None,
) -> None:
    """Find in GALLERY who is in IMAGES, or in other entries; exact, whatever the gallery's size.

    Each query's line names the person of the most similar entry, also where --rerank puts another first, or says
    unknown. Each probability is what the entry would have as the best answer, for a person who is in the gallery as
    likely as not.
    """
    from dataclasses import replace

    from maskreid import gallery as room
    from maskreid.cli.gallery.show import as_values
    from maskreid.gallery import shortlist
    from maskreid.gallery.verdict import IN_PLACE_OF_A_NAME, UNKNOWN_BELOW, verdict

    if bool(images) == bool(entry):
        raise MaskreidError("search: name either IMAGES or --entry ID; see maskreid gallery search --help")
    if entry and (device or precision):
        raise MaskreidError("search: --device and --precision are for IMAGES; an --entry has its feature already")
    if false_matches is not None:
        refuse_surplus({"--unknown-below": unknown_below}, "--false-matches goes by similarity, not by probability")
    if ray is None:
        refuse_surplus({"--workers": workers}, "workers are a cluster's, which --ray names")
    opened = room.Gallery(gallery)
    loaded = opened.model(model, device_of(device)) if images or model else None
    card = loaded.card if loaded else None
    calibration = opened.calibration(card)
    if calibration is None:
        needing = {"--false-matches": false_matches, "--unknown-below": unknown_below}
        refuse_surplus(
            needing,
            "this gallery has no calibration: its model has none (maskreid calibrate --help), is not where it was "
            "(--model), or has one with other masks",
        )
    threshold = calibration.threshold(false_matches) if calibration and false_matches is not None else None
    least = UNKNOWN_BELOW if unknown_below is None else unknown_below
    where = filter_of(None, identities, None, cameras, not_cameras, after, before, tags)
    precision = precision or "float32"
    names, vectors = _embed(opened, images, loaded, precision) if images else _look_up(opened, entry or [])
    searches = [(names, vectors, where)]
    if pool:
        one = f"{len(names)} images of one person: {', '.join(names)}"
        searches = [((one,), room.pooled(vectors), replace(where, not_ids=names if entry else ()))]
    elif entry:  # an entry is no answer to itself, but it is one to another entry of its person
        searches = [((id_,), vectors[[row]], replace(where, not_ids=(id_,))) for row, id_ in enumerate(names)]
    found: list[tuple[str, list[Hit]]] = []
    with _searcher(ray, workers) as find:
        if probes is not None:
            share = room.recall(opened, probes, top=top, where=where, find=find)
            print(
                f"with {probes} probes, a search finds {100 * share:.1f} % of the true {top} nearest",
                file=sys.stderr if as_json else sys.stdout,
                flush=True,
            )
        # The whole short list, for the verdict: re-ranking may put the most similar behind the first ``top``.
        length = max(top, shortlist.LENGTH) if rerank else top
        for asked, query, allowed in searches:
            answers = room.search(
                opened,
                query,
                top=length,
                where=allowed,
                probes=probes,
                reranking=rerank,
                find=find,
                asked=", ".join(asked),
                card=card,
            )
            found += zip(asked, answers, strict=True)
    for name, hits in found:
        best = max(hits, key=lambda hit: hit.similarity, default=None)
        said = verdict(best, unknown_below=least, threshold=threshold)
        person = best.entry if best and said == "known" else None
        shown = hits[:top]
        if as_json:
            values = [
                {"similarity": hit.similarity, "probability": hit.probability, **as_values(hit.entry)}
                for hit in shown
            ]
            who = {"identity": person.identity, "entry": person.id} if person else {"identity": None, "entry": None}
            print(json.dumps({"query": name, "verdict": said, **who, "answers": values}))
        else:
            _print(name, shown, (person.identity or f"entry {person.id}") if person else IN_PLACE_OF_A_NAME[said])


@contextmanager
def _searcher(ray: str | None, workers: int | None) -> Iterator[Nearest]:
    """Who searches: this process, or the workers of a cluster."""
    if ray is None:
        from maskreid.gallery.nearest import nearest

        yield nearest
    else:
        from maskreid.gallery.on_ray import connected, nearest_on_ray

        with connected(ray):
            yield partial(nearest_on_ray, workers=workers)


def _embed(
    gallery: Gallery, images: list[str], model: Model | None, precision: str
) -> tuple[tuple[str, ...], Vectors]:
    import numpy as np

    from maskreid import progress
    from maskreid.cli.common import open_data, tell_ignored
    from maskreid.gallery import ask

    datasets = [open_data(each, anything=True) for each in images]
    for each, dataset in zip(images, datasets, strict=True):
        tell_ignored(each, dataset.ignored)
    asked = [ask(gallery, each, model=model, precision=precision, progress=progress.terminal) for each in datasets]
    return tuple(name for names, _ in asked for name in names), np.concatenate([vectors for _, vectors in asked])


def _look_up(gallery: Gallery, ids: list[str]) -> tuple[tuple[str, ...], Vectors]:
    import numpy as np

    from maskreid.gallery import Filter, features_of

    whole = []
    for each in ids:
        found = gallery.entries(Filter(ids=(each,)), limit=2)
        if len(found) != 1:
            what = "several entries have" if found else "no entry has"
            raise MaskreidError(f"--entry {each}: {what} an id that begins so; maskreid gallery list shows them")
        whole.append(found[0].id)
    features = features_of(gallery, whole)
    return tuple(whole), np.stack([features[each] for each in whole])


def _print(name: str, hits: list[Hit], person: str) -> None:
    from maskreid.cli.gallery.show import NOTHING, as_row, table
    from maskreid.files import one_line

    print(one_line(f"{name}: {person}"))
    if not hits:
        print("no entry passes these filters\n")
        return
    rows = [
        {
            "rank": str(rank),
            "similarity": f"{hit.similarity:.3f}",
            "probability": NOTHING if hit.probability is None else f"{100 * hit.probability:.0f} %",
            **as_row(hit.entry),
        }
        for rank, hit in enumerate(hits, 1)
    ]
    print(f"{table(rows)}\n")
