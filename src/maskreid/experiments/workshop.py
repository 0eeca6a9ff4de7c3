"""Trains and tests what a table needs, and nothing twice: a run that is finished, or cut off, is taken up again."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from maskreid.errors import MaskreidError
from maskreid.experiments.budget import Budget
from maskreid.experiments.plan import Experiment, joint_recipe, second_recipe
from maskreid.files import write_out
from maskreid.images import Dataset, join_datasets, open_dataset
from maskreid.network import load_model, pick_device
from maskreid.progress import Progress, silent
from maskreid.retrieval import Reranking, Similarities, similarities
from maskreid.retrieval.named_protocols import MULTIPLE_QUERY, SINGLE_QUERY, SINGLE_SHOT
from maskreid.training import evaluate_model, train
from maskreid.training.loop import MODEL
from maskreid.training.objective import check_installed
from maskreid.training.run_folder import RunInUseError, people_csv, wait_until_free

# The seven that the paper joins, and Market-1501: few of the seven are still to be had, which alone are too few
# images to begin with. DukeMTMC-reID is not among them.
LARGE = "market1501"
JOINT = ("3dpes", "cuhk01", "cuhk03", "ilids", LARGE, "prid2011", "shinpuhkan", "viper")


@dataclass(frozen=True, eq=False)
class Tested:
    """What a test found.

    Attributes:
        scores: heading of an evaluation -> score -> percent.
        similarities: of its queries with right and wrong answers.
    """

    scores: Mapping[str, Mapping[str, float]]
    similarities: Similarities


class Workshop:
    """Where a budget's runs are: ``OUT/BUDGET/joint-NETWORK-seedS`` and ``OUT/BUDGET/DATA-LOSS-seedS``.

    Attributes:
        held: names of the datasets that are at hand.
    """

    def __init__(
        self,
        data: Sequence[str | Path],
        out: Path,
        budget: Budget,
        *,
        cache: Path | None = None,
        device: str | None = None,
        progress: Progress = silent,
    ) -> None:
        """Find out what each of ``data`` is.

        Raises:
            MaskreidError: one cannot be read, or two are the same dataset.
        """
        self.out, self.budget = out / budget.name, budget
        self.cache, self.device, self.progress = cache, device, progress
        self._paths: dict[str, str | Path] = {}
        self._trained: set[Path] = set()  # by this workshop, or found so: rows share runs
        for path in data:
            name = open_dataset(path).name
            if name in self._paths:
                raise MaskreidError(f"{self._paths[name]} and {path} are both {name}; give each dataset once")
            self._paths[name] = path
        self.held = tuple(self._paths)

    def check(self, searched: Iterable[str], seeds: int) -> None:
        """Look whether datasets can be searched, under every seed's split, before hours of training.

        Raises:
            MaskreidError: one has no query or gallery images, or no such split.
        """
        for name in sorted(searched):
            for seed in range(seeds):
                dataset = self._open(name, seed)
                missing = [split for split in ("query", "gallery") if not dataset.splits.get(split)]
                if missing:
                    raise MaskreidError(f"{self._paths[name]}: has no {missing[0]} images to test on")
                if dataset.split is None:  # the same for every seed
                    break

    def finished(self, experiment: Experiment) -> int:
        """Return for how many seeds, from 0 on, an experiment's model is there."""
        seed = 0
        while (self._folder(experiment, seed) / f"{MODEL}.safetensors").is_file():
            seed += 1
        return seed

    def _folder(self, experiment: Experiment, seed: int) -> Path:
        second = experiment.second
        name = f"{second.data}-{second.name}" if second else f"joint-{experiment.network}"
        return self.out / f"{name}-seed{seed}"

    def run(self, experiment: Experiment, seed: int) -> Path:
        """Return the run folder of an experiment's model, training what is missing."""
        second = experiment.second
        joint = self._folder(replace(experiment, second=None), seed)
        if second is None:
            self._join(experiment.network, seed, joint)
            return joint
        if second.data not in self._paths:
            raise MaskreidError(f"this needs {second.data}, which is not among the data; give it with --data")
        # Before the first stage takes its hours: it may be refused.
        recipe = second_recipe(second, str(joint / MODEL), self.budget, seed)
        check_installed(recipe.loss)
        self._join(experiment.network, seed, joint)
        run = self._folder(experiment, seed)
        if run not in self._trained:
            self._train(recipe, self._open(second.data, seed), run)
        return run

    def test(self, run: Path, data: str, seed: int, *, multi_query: bool = False) -> Tested:
        """Test a run on a dataset; a test that was made before, of the same images, is not made again.

        ``multi_query`` also pools the queries, where the dataset has boxes for it. They outnumber the gallery, so a
        table that shows single query alone is tested in half the time without them.
        """
        dataset = self._open(data, seed)
        drawn = dataset.split is not None
        multi_query = multi_query and not drawn and bool(dataset.splits.get("multi_query"))
        file = run / f"test-{data}{'' if dataset.split is None else f'-split{dataset.split}'}.json"
        model = load_model(run / MODEL, pick_device(self.device))
        asked = _digest(dataset)
        if file.exists():
            saved: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            enough = not multi_query or MULTIPLE_QUERY.heading in saved["evaluations"]
            if enough and saved.get("of") == [model.fingerprint, asked]:
                counts = saved["similarities"].values()
                return Tested(saved["evaluations"], Similarities(*map(np.array, counts)))
        if drawn:  # who searched among whom: numbers alone are drawn anew by other versions of NumPy
            write_out(run / f"split-{data}-{dataset.split}.csv", people_csv(dataset.splits))
        evaluation = evaluate_model(
            model,
            dataset,
            protocol=SINGLE_SHOT if drawn else SINGLE_QUERY,
            multi_query=multi_query,
            reranking=None if drawn else Reranking(),
            cache=self.cache,
            progress=self.progress,
        )
        judged = evaluation.judgement
        found = Tested(
            {name: metrics.as_dict() for name, metrics in evaluation.metrics.items()},
            similarities(judged.query, judged.gallery, judged.main.protocol),
        )
        content = {
            "of": [model.fingerprint, asked],
            "evaluations": found.scores,
            "similarities": {name: counts.tolist() for name, counts in vars(found.similarities).items()},
        }
        write_out(file, json.dumps(content) + "\n")
        return found

    def joined(self) -> list[str]:
        """Names of the datasets that the joint stage learns from."""
        return [name for name in JOINT if name in self._paths]

    def _join(self, network: str, seed: int, run: Path) -> None:
        names = self.joined()
        if not names:
            raise MaskreidError(f"the joint stage needs at least one of {', '.join(JOINT)}; give them with --data")
        if run not in self._trained:
            dataset = join_datasets([self._open(name, seed) for name in names])
            self._train(joint_recipe(network, self.budget, seed), dataset, run)

    def _train(self, recipe: Any, dataset: Dataset, run: Path) -> None:
        """Train a run; where another process does that for rows of its own, wait for what it makes."""
        while run not in self._trained:
            try:
                train(recipe, dataset, run, cache=self.cache, device=self.device, progress=self.progress)
                self._trained.add(run)
            except RunInUseError:
                print(f"maskreid: another process trains {run}; waiting for it", file=sys.stderr)
                wait_until_free(run)

    def _open(self, name: str, seed: int) -> Dataset:
        """Open a dataset; where people are parted at random, the seed is the number of the split."""
        dataset = open_dataset(self._paths[name])
        return dataset if dataset.split is None else open_dataset(self._paths[name], split=seed)


def _digest(dataset: Dataset) -> str:
    """Return 16 hex digits of who is searched for and among whom."""
    tested = {name: images for name, images in dataset.splits.items() if name != "train"}
    return hashlib.sha256(repr((dataset.label, sorted(tested.items()))).encode()).hexdigest()[:16]
