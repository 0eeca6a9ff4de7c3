"""Features gathered and batch normalised over two processes, in double precision, against one process."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from one_of_two import inputs, loss_of, network, process
from torch.multiprocessing.spawn import spawn

from maskreid.training.gathered_norm import gather_statistics
from maskreid.training.ranks import Ranks
from maskreid.training.run_folder import RunInUseError


def test_two_processes_have_the_loss_gradients_and_statistics_of_one(tmp_path: Path) -> None:
    spawn(process, (str(tmp_path),), nprocs=2)  # type: ignore[no-untyped-call]
    alone = network()
    loss = loss_of(*alone.around_neck(inputs(), inputs().flip(3)))
    loss.backward()
    for rank in range(2):
        their_loss, gradients, state = torch.load(tmp_path / f"{rank}.pt")
        torch.testing.assert_close(their_loss, loss.detach())
        for name, parameter in alone.named_parameters():
            if parameter.requires_grad:
                # Convolutions' biases before a normalisation have no gradient but rounding.
                torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-6, atol=1e-9)
        for name, value in alone.state_dict().items():
            torch.testing.assert_close(state[name], value)


def test_gathered_normalisation_is_pytorchs_where_one_process_has_all(tmp_path: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1)
    try:
        plain = torch.nn.Sequential(torch.nn.BatchNorm2d(5))
        gathered = gather_statistics(copy.deepcopy(plain))
        for dtype, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 0.02)):
            x = torch.randn(6, 5, 7, 3).to(dtype).requires_grad_()
            y = x.detach().clone().requires_grad_()
            weights = torch.randn(6, 5, 7, 3)
            for net, values in ((plain, x), (gathered, y)):
                out = net(values)
                assert out.dtype == dtype
                (out.float() * weights).sum().backward()
            torch.testing.assert_close(y.grad, x.grad, rtol=tolerance, atol=tolerance)
        for name, value in plain.state_dict().items():
            torch.testing.assert_close(gathered.state_dict()[name], value, rtol=0.01, atol=0.01)
        torch.testing.assert_close(gathered.eval()(x), plain.eval()(x), rtol=0.02, atol=0.02)
    finally:
        dist.destroy_process_group()


def test_an_error_of_one_process_is_raised_by_all_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def others_are_well(told: list[object], mine: object) -> None:
        told[:] = [mine, (None, None)]

    def busy() -> None:
        raise RunInUseError("busy")

    monkeypatch.setattr(dist, "all_gather_object", others_are_well)
    with pytest.raises(RunInUseError, match="busy"):
        Ranks(0, 2, 0).from_first(busy)


def test_alone_nothing_is_exchanged() -> None:
    rows = torch.ones(3, 2)
    assert Ranks().gather(rows, 3) is rows
    assert Ranks().from_first(lambda: 5) == Ranks().machine_by_machine(lambda: 5) == 5


def test_an_error_of_the_first_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        Ranks().from_first(lambda: 1 // 0)
