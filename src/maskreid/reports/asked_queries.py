"""Which queries a person means: by image, by person, the worst ones, or some at random."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from maskreid.errors import MaskreidError, did_you_mean
from maskreid.retrieval import Judgement, worst_queries

SOME = re.compile(r"(worst|random):(\d+)")


def find_queries(
    judgement: Judgement, asked: Sequence[str], *, names: Mapping[int, str] | None = None, seed: int = 0
) -> list[int]:
    """Return the rows of the queries that are asked for, in that order, each once.

    Args:
        judgement: of one test.
        asked: each ``worst:N``, ``random:N``, a query's path or its last part, an identity, or a person's name.
        names: of the people, by identity.
        seed: of the random ones.

    Raises:
        MaskreidError: nothing is asked for, or there is no such query.
    """
    rows = [row for each in asked for row in _rows(judgement, each, names or {}, seed)]
    if not rows:
        raise MaskreidError("queries: expected worst:N, random:N, an image or an identity; got nothing")
    return list(dict.fromkeys(rows))


def _rows(judgement: Judgement, asked: str, names: Mapping[int, str], seed: int) -> list[int]:
    query = judgement.query
    if some := SOME.fullmatch(asked):
        kind, count = some[1], int(some[2])
        if kind == "worst":
            return [each.row for each in worst_queries(judgement.main, query, count)]
        judged = np.unique(judgement.main.queries)
        return [int(row) for row in np.random.default_rng(seed).permutation(judged)[:count]]
    found = [row for row, path in enumerate(query.paths) if path == asked]
    found = found or [row for row, path in enumerate(query.paths) if PurePosixPath(path).name == asked]
    if not found:
        people = {identity for identity, name in names.items() if name == asked}
        if not people and re.fullmatch(r"\d{1,18}", asked):
            people = {int(asked)}
        found = np.flatnonzero(np.isin(query.identities, sorted(people))).tolist()
    if not found:
        near = did_you_mean(asked, [PurePosixPath(path).name for path in query.paths])
        raise MaskreidError(
            f"queries: none of {len(query):,} is {asked!r}: expected worst:N, random:N, a query's path or file name, "
            f"or an identity{near}"
        )
    return [int(row) for row in found]
