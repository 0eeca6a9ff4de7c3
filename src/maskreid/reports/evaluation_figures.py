"""Every figure of one test, or of two side by side: what reports and the web page show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskreid.errors import MaskreidError
from maskreid.reports.curves import cmc_curve, det_curve, roc_curve
from maskreid.reports.details import Details
from maskreid.reports.distributions import ap_distribution, reliability_diagram, similarity_plot
from maskreid.reports.figure import Figure
from maskreid.reports.heat_map import camera_gain, camera_heat_map
from maskreid.reports.paired import ap_change_histogram, difference_plot
from maskreid.retrieval import Judgement, check_same_test, compare


@dataclass(frozen=True, eq=False)
class Examined:
    """One model's test.

    Attributes:
        name: of the model or run, as legends have it.
        judgement: from `maskreid.retrieval.judge`.
        details: from `maskreid.reports.examine`, or what of it is wanted.
    """

    name: str
    judgement: Judgement
    details: Details


def evaluation_figures(tests: Sequence[Examined]) -> dict[str, Figure]:
    """Draw one test, or two on the same axes, by the figures' names; what was not measured is left out.

    Of two tests on the same queries in the same gallery, also their differences: the second less the first.

    Raises:
        MaskreidError: two tests have the same name, or there are none.
    """
    names = [test.name for test in tests]
    if not names or len(set(names)) < len(names):
        raise MaskreidError(f"figures: expected tests with names of their own, got {', '.join(names) or 'none'}")
    alone = len(tests) == 1
    curves = tests[0].judgement.metrics if alone else {test.name: test.judgement.main for test in tests}
    drawn = [cmc_curve(curves), ap_distribution({test.name: test.judgement.main for test in tests})]
    if not alone and same_test(*tests):
        a, b = (test.judgement.main for test in tests)
        drawn += [difference_plot(compare(a, b)), ap_change_histogram(a, b)]
    panels = {"" if alone else test.name: test.details for test in tests}
    similar = {name: each.similar for name, each in panels.items() if each.similar}
    if similar:
        drawn += [similarity_plot(similar, {name: each.thresholds for name, each in panels.items()})]
        drawn += [roc_curve(similar)]
    named = {test.name: test.details for test in tests}
    if alarms := {name: each.open_set for name, each in named.items() if each.open_set}:
        drawn.append(det_curve(alarms))
    if claims := {name: each.reliability for name, each in named.items() if each.reliability}:
        drawn.append(reliability_diagram(claims))
    return {figure.name: figure for figure in (*drawn, *_heat_maps(tests))}


def same_test(a: Examined, b: Examined) -> bool:
    """Whether both searched with the same queries in the same gallery, and so can be compared query by query."""
    try:
        check_same_test(a.judgement, b.judgement)
    except MaskreidError:
        return False
    return True


def _heat_maps(tests: Sequence[Examined]) -> list[Figure]:
    pairs = [test.details.pairs for test in tests]
    if len(tests) == 1:
        return [camera_heat_map(each) for each in pairs if each is not None]
    maps = []
    for letter, test, each in zip("ab", tests, pairs, strict=True):
        if each is not None:
            drawn = camera_heat_map(each)
            maps.append(Figure(f"{drawn.name}-{letter}", f"{test.name}: {drawn.words}", drawn.drawn))
    a, b = pairs
    if a is not None and b is not None and same_test(*tests):
        maps.append(camera_gain(a, b))
    return maps
