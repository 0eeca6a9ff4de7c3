"""How much training an experiment gets: DGD's schedules for a GPU, or what two CPU cores do in an afternoon."""

from __future__ import annotations

from dataclasses import dataclass

from maskreid.training import BatchConfig, DataConfig, ScheduleConfig


@dataclass(frozen=True)
class Budget:
    """Size of the images and length of both stages. All else about an experiment is the same in every budget.

    Attributes:
        name: what ``--budget`` takes.
        resize: (height, width) images are stored at.
        input_size: (height, width) that the network reads.
        joint_batch: images in a batch of the joint stage.
        joint: schedule of the joint stage.
        second: schedule of the stage on one large dataset.
        width: of the network, 1 in the paper.
    """

    name: str
    resize: tuple[int, int]
    input_size: tuple[int, int]
    joint_batch: int
    joint: ScheduleConfig
    second: ScheduleConfig
    width: float = 1.0

    @property
    def data(self) -> DataConfig:
        """Nothing is held out: no choice is made here, and the paper trains on all training people."""
        return DataConfig(resize=self.resize, held_out=0.0)

    @property
    def shuffled(self) -> BatchConfig:
        """Batches of the joint stage."""
        return BatchConfig(sampler="shuffled", size=self.joint_batch)

    def __str__(self) -> str:
        height, width = self.input_size
        return (
            f"{self.name} budget: {height} x {width} images, {self.joint.iterations:,} iterations of "
            f"{self.joint_batch} images on all datasets together, {self.second.iterations:,} of 64 on one"
        )


BUDGETS = {
    # The paper's, where it says so, else DGD's, from which its authors started.
    "gpu": Budget(
        "gpu",
        resize=(160, 64),
        input_size=(144, 56),
        joint_batch=100,
        joint=ScheduleConfig(iterations=55_000, learning_rate=0.1, policy="stepdecr"),
        second=ScheduleConfig(iterations=20_000, learning_rate=0.01, policy="poly"),
    ),
    # Images of 96 x 40 cost less than half; cosine gets further than DGD's slow descent in so few iterations.
    "cpu": Budget(
        "cpu",
        resize=(112, 48),
        input_size=(96, 40),
        joint_batch=64,
        joint=ScheduleConfig(iterations=2_400, learning_rate=0.1, policy="cosine", warm_up=200),
        second=ScheduleConfig(iterations=600, learning_rate=0.01, policy="poly"),
    ),
}
