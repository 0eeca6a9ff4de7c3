"""What each of two processes does, and one alone: a file of its own, because processes import what they run."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from maskreid.losses import full_ranking_loss, ranking_loss, triplet_loss
from maskreid.network import MaskReID, NetworkConfig
from maskreid.training.gathered_norm import gather_statistics
from maskreid.training.ranks import Ranks
from maskreid.training.trainer import _AroundNeck

CONFIG = NetworkConfig(width=0.25, dimension=16, input_size=(32, 32), neck="bn")
TARGETS = torch.tensor([0, 0, 0, 1, 1, 2, 3, 4, 4])  # nine images: the parts differ in size


def network() -> MaskReID:
    return MaskReID(CONFIG, generator=torch.Generator().manual_seed(0)).double()


def inputs() -> Tensor:
    return torch.randn(9, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 30


def loss_of(before: Tensor, after: Tensor) -> Tensor:
    return (
        ranking_loss(before, TARGETS)
        + triplet_loss(before, TARGETS)
        + full_ranking_loss(after, TARGETS, temperature=0.1)
    )


def process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    together = gather_statistics(network())
    shared = DistributedDataParallel(_AroundNeck(together), broadcast_buffers=False)  # type: ignore[arg-type]
    part = slice(9 * rank // 2, 9 * (rank + 1) // 2)
    images = inputs()[part]
    around = Ranks(rank, 2, rank).gather(torch.cat(shared(images, images.flip(3)), 1), 9)
    loss = loss_of(*around.chunk(2, 1))
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in together.named_parameters()}
    torch.save((loss.detach(), gradients, together.state_dict()), f"{folder}/{rank}.pt")
    dist.destroy_process_group()
