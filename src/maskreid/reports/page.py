"""One self-contained page about one run, or about two side by side; and its figures as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from maskreid.errors import MaskreidError
from maskreid.files import as_text, write_out
from maskreid.reports.distributions import coverage_histogram
from maskreid.reports.evaluation_figures import evaluation_figures, same_test
from maskreid.reports.figure import Figure
from maskreid.reports.pictures import data_uri, mask_over
from maskreid.reports.rank_groups import rank_groups
from maskreid.reports.rank_lists import RankList
from maskreid.reports.subject import Subject, made_here
from maskreid.reports.tables import (
    COLUMNS,
    COMPARISON_COLUMNS,
    OPEN_SET_COLUMNS,
    WORST_COLUMNS,
    comparison_rows,
    metrics_rows,
    open_set_rows,
    worst_rows,
)
from maskreid.reports.training_curves import loss_curves, validation_curves
from maskreid.retrieval import NamedProtocol, compare

NOTES = {
    True: "The people on this page are synthetic.",
    False: "This page may show real people. Keep it to yourself: their pictures are for research only.",
}


@dataclass(frozen=True, eq=False)
class Page:
    """The HTML text, which asks nobody for anything, and the figures in it by name."""

    html: str
    figures: dict[str, Figure]


def make_page(subjects: Sequence[Subject], title: str) -> Page:
    """Draw and write about one subject, or two: then the second is B, and differences are B less A.

    Raises:
        MaskreidError: neither a test nor a training is known of a subject, or two have one name.
    """
    from jinja2 import Environment, PackageLoader

    empty = [subject.name for subject in subjects if subject.test is None and subject.history is None]
    if empty:
        raise MaskreidError(f"{empty[0]}: there is neither a test nor a training to report on")
    figures = _figures(subjects)
    environment = Environment(loader=PackageLoader("maskreid.reports"), autoescape=True, trim_blocks=True)
    environment.filters |= {"data_uri": data_uri}
    pictured = [subject.synthetic for subject in subjects if subject.crops]
    html = environment.get_template("report.html").render(
        title=title,
        note=NOTES[all(pictured)] if pictured else "",
        subjects=subjects,
        facts=_facts(subjects),
        figures=figures,
        columns=list(COLUMNS.values()),
        rows=metric_rows(subjects),
        skipped=[
            (subject.name, reason, count)
            for subject in subjects
            if subject.test
            for reason, count in subject.test.judgement.main.as_dict()["skipped"].items()
        ],
        comparison_columns=COMPARISON_COLUMNS,
        comparison=comparison_of(subjects),
        open_set_columns=OPEN_SET_COLUMNS,
        open_set=[
            (subject.name, open_set_rows(subject.test.details.open_set))
            for subject in subjects
            if subject.test and subject.test.details.open_set
        ],
        worst_columns=WORST_COLUMNS,
        worst=[(subject.name, worst_rows(subject.test.details.worst)) for subject in subjects if subject.test],
        rank_lists=rank_groups(subjects),
        passed_over=_passed_over(subjects[0].test.judgement.protocol) if subjects[0].test else "",
        masks_over=_masks_over,
    )
    # A file's name may hold bytes that are no text, and no page can.
    return Page(as_text(html), figures)


def write_figures(figures: dict[str, Figure], folder: Path) -> list[Path]:
    """Write each figure as NAME.svg, NAME.png (300 dpi) and NAME.pdf; return the files.

    Raises:
        MaskreidError: one cannot be written.
    """
    written = []
    for name, figure in figures.items():
        for suffix, content in ((".svg", figure.svg().encode()), (".png", figure.png()), (".pdf", figure.pdf())):
            path = folder / f"{name}{suffix}"
            write_out(path, content)
            written.append(path)
    return written


def write_report(subjects: Sequence[Subject], title: str, out: str | Path) -> list[Path]:
    """Write ``report.html`` and ``figures/`` into ``out``; return the files, the page first.

    Raises:
        MaskreidError: as `make_page`, or one cannot be written.
    """
    page, out = make_page(subjects, title), Path(out)
    write_out(out / "report.html", page.html)
    return [out / "report.html", *write_figures(page.figures, out / "figures")]


def _figures(subjects: Sequence[Subject]) -> dict[str, Figure]:
    tests = [subject.test for subject in subjects if subject.test]
    figures = evaluation_figures(tests) if tests else {}
    histories = {subject.name: subject.history for subject in subjects if subject.history}
    drawn = [loss_curves(histories)] if histories else []
    validated = {name: history for name, history in histories.items() if len(history.validated)}
    drawn += [validation_curves(validated)] if validated else []
    masked = [subject.masks for subject in subjects if subject.masks]
    drawn += [coverage_histogram(masked[0].coverage, masked[0].min_share)] if masked else []
    return figures | {figure.name: figure for figure in drawn}


def _facts(subjects: Sequence[Subject]) -> list[list[str]]:
    names = dict.fromkeys(name for subject in subjects for name in subject.facts)
    rows = [[name, *(subject.facts.get(name, "-") for subject in subjects)] for name in names]
    reranking = [subject.test and subject.test.judgement.reranking for subject in subjects]
    rows += [["re-ranking", *(str(each or "-") for each in reranking)]] if any(reranking) else []
    return rows + [[name, *[value] * len(subjects)] for name, value in made_here().items()]


def metric_rows(subjects: Sequence[Subject]) -> list[list[str]]:
    """Return the scores of every test as `maskreid.reports.tables.COLUMNS` has them."""
    rows = []
    for subject in subjects:
        prefix = f"{subject.name}: " if len(subjects) > 1 else ""
        if subject.test:
            rows += metrics_rows({f"{prefix}{name}": each for name, each in subject.test.judgement.metrics.items()})
    return rows


def comparison_of(subjects: Sequence[Subject]) -> list[list[str]]:
    """Return the differences between two tests that can be compared; nothing of others."""
    tests = [subject.test for subject in subjects if subject.test]
    if len(tests) < 2 or not same_test(*tests):
        return []
    return comparison_rows(compare(*(test.judgement.main for test in tests)))


def _passed_over(protocol: NamedProtocol) -> str:
    """What rank lists leave out, and where they show more than was counted."""
    if not protocol.rule.same_camera:
        return "The query's own picture is not counted, so it is not shown."
    said = "Pictures of the same person from the query's own camera are not counted, so they are not shown."
    if protocol.repeats:
        said += " Scores are of galleries with one drawn picture of each person; here all pictures answer."
    return said


def _masks_over(shown: RankList) -> str:
    assert shown.mask is not None
    return data_uri(mask_over(shown.pixels, shown.mask))
