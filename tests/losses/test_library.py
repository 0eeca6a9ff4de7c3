"""What is said where the library is missing."""

from __future__ import annotations

import sys

import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.losses import circle_loss, contrastive_loss


@pytest.mark.parametrize(("name", "loss"), [("circle", circle_loss), ("contrastive", contrastive_loss)])
def test_names_the_extra(name: str, loss: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(loss)
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning", None)
    with pytest.raises(MaskreidError, match=rf"loss\.{name} .*pip install 'maskreid\[losses\]'"):
        loss(torch.eye(4), torch.tensor([0, 0, 1, 1]))
