"""One of the paper's tables again: what is missing is trained and tested, ours is put beside the published."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from maskreid.errors import MaskreidError, check_count
from maskreid.experiments.budget import Budget
from maskreid.experiments.plan import BESIDE, experiment
from maskreid.experiments.published import Column, PublishedRow, PublishedTable, published_tables
from maskreid.experiments.workshop import LARGE, Workshop
from maskreid.files import write_out
from maskreid.progress import Progress, silent
from maskreid.reports import comparison_plot, similarity_plot
from maskreid.retrieval.judge import reranked_name

PANELS = 8  # more do not fit a page


@dataclass(frozen=True)
class OurRow:
    """Ours of one row.

    Attributes:
        key: of the published row.
        mean: percent for each column; None where the dataset is not at hand.
        spread: standard deviation over the seeds, 0 for a single one; None likewise.
        runs: folders of the models, one for each seed.
        values: percent for each seed and column; None likewise.
    """

    key: str
    mean: tuple[float | None, ...]
    spread: tuple[float | None, ...]
    runs: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class Reproduction:
    """A table of the paper with our numbers: ``print`` it, or see what `reproduce` wrote.

    Attributes:
        table: what was published.
        ours: the rows that were run, by the published row's key.
        budget: its name.
        notes: what a reader has to know.
    """

    table: PublishedTable
    ours: dict[str, OurRow]
    budget: str
    notes: tuple[str, ...]

    def markdown(self) -> str:
        """The published table with ours under each row that was run."""
        labels = [column.label for column in self.table.columns]
        lines = [f"| {self.table.title} | " + " | ".join(labels) + " |", "|---|" + "---:|" * len(labels)]
        for row in self.table.rows:
            lines.append(f"| {row.label} | " + " | ".join(_cell(value, None) for value in row.values) + " |")
            if own := self.ours.get(row.key):
                cells = [f"**{_cell(*each, 'not run')}**" for each in zip(own.mean, own.spread, strict=True)]
                seeds = f"{len(own.runs)} seed{'s' if len(own.runs) > 1 else ''}"
                lines.append(f"| **ours, {self.budget}, {seeds}** | " + " | ".join(cells) + " |")
        return "\n".join([*lines, "", *self.notes])

    def __str__(self) -> str:
        return self.markdown()


def reproduce(
    what: str,
    data: Sequence[str | Path],
    out: str | Path,
    budget: Budget,
    *,
    seeds: int = 1,
    cache: Path | None = None,
    device: str | None = None,
    progress: Progress = silent,
) -> Reproduction:
    """Run a table of the paper, or one row of it; write it as Markdown, JSON and SVG.

    Runs and tests are kept below ``out`` and shared by all tables. What is there is not made again; a run that was
    cut off continues. The table is written after each row; up to eight rows also get their similarities drawn, as an
    SVG of its own.

    Args:
        what: "table1" to "table6", or some of its rows: "table5:triplet", "table5:ranking,circle".
        data: datasets at hand, as for `maskreid.images.open_dataset`; their training images are joined.
        out: folder.
        budget: one of `maskreid.experiments.BUDGETS`.
        seeds: how often everything is trained at least, from seed 0 on; seeds that are finished already count too.
            Seed s takes split s of the small datasets.
        cache: where packed images are kept.
        device: a torch device.
        progress: told about every stage.

    Raises:
        MaskreidError: no such table or row, or the data it needs is not given, or nothing can be searched in it.
    """
    table, rows = _chosen(what)
    check_count("reproduce: seeds", seeds)
    workshop = Workshop(data, Path(out), budget, cache=cache, device=device, progress=progress)
    columns = [column for column in table.columns if column.data in workshop.held]
    if not columns:
        needed = sorted({column.data for column in table.columns})
        raise MaskreidError(f"{table.name} is about {', '.join(needed)}; none is given with --data")
    workshop.check({column.data for column in columns}, seeds)
    folder = Path(out) / budget.name
    name = what.translate(str.maketrans(":/,", "---"))
    ours: dict[str, OurRow] = {}
    for row in rows:
        ours[row.key] = _ours(table, row, workshop, seeds)
        open_rows = [each.key for each in rows if each.key not in ours]
        reproduction = Reproduction(table, dict(ours), budget.name, _notes(table, open_rows, workshop))
        _write(reproduction, folder, name, budget)
    drawn = {ours[row.key].runs[0]: row.label for row in reversed(rows)}  # a run that two rows share is drawn once
    if len(drawn) <= PANELS:
        counted = {
            label: workshop.test(Path(run), columns[0].data, 0).similarities for run, label in reversed(drawn.items())
        }
        write_out(folder / f"{name}-similarities.svg", similarity_plot(counted).svg())
    return reproduction


def _notes(table: PublishedTable, open_rows: Sequence[str], workshop: Workshop) -> tuple[str, ...]:
    """Return what was published where, how ours came to be, and what was not run, with the command that does."""
    command, joined = f"maskreid reproduce {table.name}", workshop.joined()
    options = f"--budget {workshop.budget.name} --data ..."
    notes = [
        f"Published: {table.source}. {table.note}",
        f"Ours: {workshop.budget}; mean ± standard deviation over seeds; first stage on {', '.join(joined)}"
        + (" (the paper's is on the small datasets alone)." if LARGE in joined else "."),
    ]
    if missing := sorted({column.data for column in table.columns} - set(workshop.held)):
        notes.append(f"Not at hand: {', '.join(missing)}; with them, {command} {options}")
    if open_rows:
        notes.append(f"Not run yet: {', '.join(open_rows)}; {command}:{','.join(open_rows)} {options}")
    return tuple(notes)


def _chosen(what: str) -> tuple[PublishedTable, list[PublishedRow]]:
    """Return the table, with the rows beside it that were asked for, and the rows to run."""
    name, colon, keys = what.partition(":")
    tables = published_tables()
    if name not in tables:
        raise MaskreidError(f"no table {name!r}; expected {', '.join(tables)}, or rows of one such as table5:triplet")
    table = tables[name]
    ours = {row.key: row for row in table.rows if experiment(name, row.key)}
    if not colon:
        return table, list(ours.values())
    open_values = (None,) * len(table.columns)
    beside = {key: PublishedRow(key, label, open_values) for key, label in BESIDE.get(name, {}).items()}
    wanted = dict.fromkeys(keys.split(","))
    for key in wanted:
        if key not in ours | beside:
            raise MaskreidError(f"{name} has no row {key!r} of ours; expected {', '.join(ours | beside)}")
    added = tuple(row for key, row in beside.items() if key in wanted)
    return replace(table, rows=table.rows + added), [(ours | beside)[key] for key in wanted]


def _ours(table: PublishedTable, row: PublishedRow, workshop: Workshop, seeds: int) -> OurRow:
    wanted = experiment(table.name, row.key)
    assert wanted
    values: list[tuple[float | None, ...]] = []
    runs = []
    for seed in range(max(seeds, workshop.finished(wanted))):
        run = workshop.run(wanted, seed)
        runs.append(str(run))
        values.append(tuple(_score(workshop, run, table, column, seed, wanted.reranked) for column in table.columns))
    mean, spread = [], []
    for scores in zip(*values, strict=True):
        known = [score for score in scores if score is not None]
        mean.append(statistics.mean(known) if known else None)
        spread.append((statistics.stdev(known) if len(known) > 1 else 0.0) if known else None)
    return OurRow(row.key, tuple(mean), tuple(spread), tuple(runs), tuple(values))


def _score(
    workshop: Workshop, run: Path, table: PublishedTable, column: Column, seed: int, reranked: bool
) -> float | None:
    if column.data not in workshop.held:
        return None
    scores = workshop.test(run, column.data, seed, multi_query=table.multi_query).scores
    heading = reranked_name(column.evaluation) if reranked else column.evaluation
    return scores[heading][column.score] if heading in scores else None


def _cell(value: float | None, spread: float | None, unknown: str = "-") -> str:
    if value is None:
        return unknown
    return f"{value:.2f} ± {spread:.2f}" if spread else f"{value:.2f}"


def _write(reproduction: Reproduction, folder: Path, name: str, budget: Budget) -> None:
    table = reproduction.table
    write_out(folder / f"{name}.md", reproduction.markdown() + "\n")
    content = {
        "published": asdict(table),
        "ours": {key: asdict(row) for key, row in reproduction.ours.items()},
        "budget": asdict(budget),
        "notes": reproduction.notes,
    }
    write_out(folder / f"{name}.json", json.dumps(content, indent=1) + "\n")
    shown = [row for row in table.rows if row.key in reproduction.ours]
    plot = comparison_plot(
        [column.label for column in table.columns],
        [row.label for row in shown],
        [row.values for row in shown],
        [reproduction.ours[row.key].mean for row in shown],
        [reproduction.ours[row.key].spread for row in shown],
    )
    write_out(folder / f"{name}.svg", plot.svg())
