"""What has to be trained for a row of one of the paper's tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

from maskreid.experiments.budget import Budget
from maskreid.network import NetworkConfig
from maskreid.training import BatchConfig, LossConfig, Recipe

FULL = "maskreid"
NETWORKS = {
    "dgd": NetworkConfig(streams=1, fusion="none"),
    "maskreid-f": NetworkConfig(streams=1, fusion="gap"),
    "maskreid-m": NetworkConfig(streams=2, fusion="none"),
    FULL: NetworkConfig(),
}
RANKING = BatchConfig(sampler="ranking", positives=10, negatives=54)  # "the same parameters" for all metric losses
LOSSES = {
    "softmax": LossConfig(softmax=1.0),
    "triplet": LossConfig(softmax=0.0, triplet=1.0),
    "n-pair": LossConfig(softmax=0.0, n_pair=1.0),
    "ranking": LossConfig(softmax=0.0, ranking=1.0),
    "full-ranking": LossConfig(softmax=0.0, full_ranking=1.0),
    "contrastive": LossConfig(softmax=0.0, contrastive=1.0),
    "quadruplet": LossConfig(softmax=0.0, quadruplet=1.0),
    "oim": LossConfig(softmax=0.0, oim=1.0),
    "circle": LossConfig(softmax=0.0, circle=1 / 128),  # over its scale, so that it pulls as hard as the others
}
# Rows that the paper does not have: run when they are asked for by name.
BESIDE = {
    "table5": {
        "full-ranking": "Full ranking (Eq. 2)",
        "contrastive": "Contrastive",
        "quadruplet": "Quadruplet",
        "oim": "OIM",
        "circle": "Circle",
    }
}
RERANKED = "-reranked"


@dataclass(frozen=True)
class Second:
    """The stage on one large dataset, which starts from the joint model.

    Attributes:
        name: of its run, among those on the same data.
        data: name of the dataset.
        loss: what is minimised.
    """

    name: str
    data: str
    loss: LossConfig

    @property
    def batch(self) -> BatchConfig:
        """Shuffled for softmax and OIM, which ask for no pairs; the paper's P/N for all others."""
        return BatchConfig(sampler="shuffled", size=64) if self.loss.softmax or self.loss.oim else RANKING


@dataclass(frozen=True)
class Experiment:
    """How the model of one row comes to be, and how it is tested.

    Attributes:
        network: of `NETWORKS`, trained on all small datasets together.
        second: the stage after that; None where the joint model itself is tested.
        reranked: whether the row is of re-ranked lists.
    """

    network: str = FULL
    second: Second | None = None
    reranked: bool = False


def experiment(table: str, row: str) -> Experiment | None:
    """Return what a row takes, or None for methods of others, which are only quoted."""
    if table == "table1":
        return Experiment() if row == FULL else None
    if table == "table4":
        return Experiment(row)
    if table in ("table2", "table3"):
        data = "market1501" if table == "table2" else "dukemtmc"
        if row.removesuffix(RERANKED) != FULL:
            return None
        return Experiment(second=Second("ranking", data, LOSSES["ranking"]), reranked=row.endswith(RERANKED))
    if table == "table5":
        return Experiment(second=Second(row, "market1501", LOSSES[row]))
    lambda_, margin = map(float, row.split("/"))
    loss = LossConfig(softmax=0.0, ranking=1.0, lambda_=lambda_, margin=margin)
    name = "ranking" if loss == LOSSES["ranking"] else f"ranking-lambda{lambda_:g}-alpha{margin:g}"
    return Experiment(second=Second(name, "market1501", loss))


def joint_recipe(network: str, budget: Budget, seed: int) -> Recipe:
    """The first stage: softmax over the people of all datasets (the paper's 3.2; DGD's recipe)."""
    return Recipe(
        name=f"joint-{network}",
        seed=seed,
        data=budget.data,
        network=_sized(NETWORKS[network], budget),
        loss=LossConfig(softmax=1.0),
        batch=budget.shuffled,
        schedule=budget.joint,
    )


def second_recipe(second: Second, init: str, budget: Budget, seed: int) -> Recipe:
    """The second stage, from the joint model at ``init``."""
    return Recipe(
        name=f"{second.data}-{second.name}",
        seed=seed,
        init=init,
        data=budget.data,
        network=_sized(NETWORKS[FULL], budget),
        loss=second.loss,
        batch=second.batch,
        schedule=budget.second,
    )


def _sized(network: NetworkConfig, budget: Budget) -> NetworkConfig:
    return replace(network, width=budget.width, input_size=budget.input_size)
