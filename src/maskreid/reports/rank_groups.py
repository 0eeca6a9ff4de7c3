"""Which rank lists a page shows, and under which headings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskreid.reports.evaluation_figures import same_test
from maskreid.reports.paired import ap_changes
from maskreid.reports.rank_lists import RankList, choose_queries, rank_lists
from maskreid.reports.subject import Subject

CHANGED = 4  # queries that two models rank most differently, in each direction


@dataclass(frozen=True, eq=False)
class Group:
    """Rank lists under one heading, each with the name of its model where there are two."""

    heading: str
    about: str
    lists: Sequence[tuple[str, RankList]]


def rank_groups(subjects: Sequence[Subject]) -> list[Group]:
    """Return the worst queries and some of all, or of two models the queries that they rank most differently.

    Empty where there are no pictures, or two models did not search for the same people.
    """
    if any(subject.test is None or subject.crops is None for subject in subjects):
        return []
    groups = _alone(subjects[0]) if len(subjects) == 1 else _changed(*subjects)
    return [group for group in groups if group.lists]


def _alone(subject: Subject) -> list[Group]:
    assert subject.test
    assert subject.crops
    judged, crops, calibration = subject.test.judgement, subject.crops, subject.calibration
    worst = [each.row for each in subject.test.details.worst]
    rows = choose_queries(judged.main)
    groups = [
        Group("The worst queries' answers", "", _unnamed(rank_lists(judged, worst, crops, calibration=calibration))),
        Group(
            "Answers",
            "From the worst query to the best.",
            _unnamed(rank_lists(judged, rows, crops, calibration=calibration)),
        ),
    ]
    if judged.reranked is not None:
        again = rank_lists(judged, rows, crops, reranked=True)
        groups.append(Group("The same queries, re-ranked", "Numbers are 1 less the distance.", _unnamed(again)))
    return groups


def _changed(one: Subject, other: Subject) -> list[Group]:
    assert one.test
    assert other.test
    if not same_test(one.test, other.test):
        return []
    a, b = one.test.judgement.main, other.test.judgement.main
    changes, rows = ap_changes(a, b), np.unique(a.queries)
    order = np.argsort(changes, kind="stable")
    better, worse = order[::-1][:CHANGED], order[:CHANGED]
    return [
        Group(
            f"Where {winner.name} is better",
            "Where average precision differs most: both models' answers, one below the other.",
            [
                (subject.name, each)
                for row in rows[places].tolist()
                for subject in (one, other)
                if subject.test and subject.crops
                for each in rank_lists(subject.test.judgement, [row], subject.crops, calibration=subject.calibration)
            ],
        )
        for winner, places in ((other, better[changes[better] > 0]), (one, worse[changes[worse] < 0]))
    ]


def _unnamed(lists: Sequence[RankList]) -> list[tuple[str, RankList]]:
    return [("", each) for each in lists]
