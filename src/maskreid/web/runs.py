"""Runs whose tests are shown: opened when somebody looks, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from maskreid.images import Dataset
from maskreid.reports import Subject, check_run, evaluation_figures, open_subject, short_names
from maskreid.reports.figure import Figure
from maskreid.reports.rank_lists import RankList, rank_lists
from maskreid.web.errors import NotThereError

WORST = 20  # queries that are listed


@dataclass(frozen=True, eq=False)
class Shown:
    """One run, or two side by side, and their figures as SVG by name."""

    subjects: list[Subject]
    figures: dict[str, Figure]
    drawn: dict[str, str]


class Runs:
    """Runs and evaluation folders by their names.

    Attributes:
        names: of the runs, in the order they were given.
    """

    def __init__(self, runs: Sequence[str] = (), dataset: Dataset | None = None) -> None:
        """Remember where they are.

        Args:
            runs: as `maskreid.reports.open_subject` takes them.
            dataset: that they were tested on, for pictures.

        Raises:
            MaskreidError: one is not there.
        """
        for run in runs:
            check_run(run, dataset)
        self._runs = dict(zip(short_names(runs), runs, strict=True))
        self._dataset = dataset
        self._subjects: dict[str, Subject] = {}
        self._shown: dict[tuple[str, ...], Shown] = {}
        self._lock = Lock()

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return list(self._runs)

    def show(self, *names: str) -> Shown:
        """Return one run, or two beside each other.

        Raises:
            NotThereError: there is no run of that name.
            MaskreidError: it cannot be read, or has no test.
        """
        for name in names:
            if name not in self._runs:
                raise NotThereError(f"there is no run {name!r}; there are {', '.join(self._runs) or 'none'}")
        with self._lock:  # one at a time: opening a run can take all cores
            if names not in self._shown:
                subjects = [self._opened(name) for name in names]
                tests = [subject.test for subject in subjects if subject.test]
                figures = evaluation_figures(tests) if tests else {}
                drawn = {name: figure.inline() for name, figure in figures.items()}
                self._shown[names] = Shown(subjects, figures, drawn)
            return self._shown[names]

    def answers(self, name: str, row: int) -> RankList:
        """Return the pictures of one query's first answers.

        Raises:
            NotThereError: there are no pictures, or no such query.
        """
        (subject,) = self.show(name).subjects
        if subject.test is None or subject.crops is None:
            raise NotThereError(
                f"run {name} has no pictures here; maskreid serve --run {name} --data DATA shows them"
            )
        if row not in subject.test.judgement.main.queries:
            raise NotThereError(f"run {name} has no counted query {row}")
        return rank_lists(subject.test.judgement, [row], subject.crops, calibration=subject.calibration)[0]

    def _opened(self, name: str) -> Subject:
        if name not in self._subjects:
            self._subjects[name] = open_subject(self._runs[name], self._dataset, name=name, worst=WORST)
        return self._subjects[name]
