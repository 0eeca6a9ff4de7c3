"""Batch normalisation over the batch of all processes, so that many processes learn what one would."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


def gather_statistics(network: nn.Module) -> nn.Module:
    """Replace every batch normalisation by one whose mean and variance are those of all processes' images together.

    On a GPU that is PyTorch's SyncBatchNorm, which runs nowhere else. Parameters, buffers and their names stay.
    """
    if next(network.parameters()).is_cuda:
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return converted
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, _BatchNorm):
                setattr(module, name, GatheredBatchNorm(child))
    return network


class GatheredBatchNorm(_BatchNorm):
    """SyncBatchNorm for any backend; takes the parameters and buffers of the layer that it replaces."""

    def __init__(self, layer: _BatchNorm) -> None:
        super().__init__(layer.num_features, layer.eps, layer.momentum)
        self.weight, self.bias = layer.weight, layer.bias
        self.running_mean, self.running_var = layer.running_mean, layer.running_var
        self.num_batches_tracked = layer.num_batches_tracked

    def _check_input_dim(self, input: Tensor) -> None:
        pass

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) of this process -> the same, normalised over the images of all."""
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        out, mean, variance, count = _Normalise.apply(  # type: ignore[no-untyped-call]
            input, self.weight, self.bias, self.eps
        )
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)
        normalised: Tensor = out
        return normalised


class _Normalise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        others = [d for d in range(x.dim()) if d != 1]
        size = x.numel() // x.shape[1]
        local_variance, local_mean = torch.var_mean(_wide(x), others, correction=0)
        mine = torch.cat([local_mean, local_variance, local_mean.new_tensor([size])])
        parts = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, mine)
        means, variances, sizes = torch.split(torch.stack(parts), [x.shape[1], x.shape[1], 1], 1)
        count = sizes.sum()
        mean = (sizes * means).sum(0) / count
        variance = (sizes * (variances + (means - mean).square())).sum(0) / count
        scale = (variance + eps).rsqrt()
        shape = [-1 if d == 1 else 1 for d in range(x.dim())]
        ctx.save_for_backward(x, weight, mean, scale, count)
        ctx.others, ctx.shape = others, shape
        slope = scale * weight
        out = torch.addcmul((bias - mean * slope).view(shape), _wide(x), slope.view(shape))
        ctx.mark_non_differentiable(mean, variance, count)
        return out.to(x.dtype), mean, variance, count

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor, None]:  # type: ignore[override]
        x, weight, mean, scale, count = ctx.saved_tensors
        shape, gradient = ctx.shape, _wide(gradient)
        unit = (_wide(x) - mean.view(shape)) * scale.view(shape)
        own = torch.stack([gradient.sum(ctx.others), (gradient * unit).sum(ctx.others)])
        total = own.clone()
        dist.all_reduce(total)
        shift, slope = (total / count).unbind(0)
        inner = gradient - shift.view(shape) - unit * slope.view(shape)
        return ((scale * weight).view(shape) * inner).to(x.dtype), own[1], own[0], None


def _wide(x: Tensor) -> Tensor:
    return x.float() if x.dtype.itemsize < 4 else x
