"""What many tests need: a small synthetic world, the real data if it is there, and who tests what."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from maskreid.images import Dataset, synthetic_world
from servers import bucket, cluster  # noqa: F401

# Two processes test at once (pyproject.toml), each with one of two cores.
torch.set_num_threads(1)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one process have all tests of a file, since they share what is slow to make, and all that need servers."""
    for item in items:
        needs_servers = {"bucket", "cluster"} & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("servers" if needs_servers else item.path.name))


@pytest.fixture(scope="session")
def world() -> Dataset:
    """12 people to learn from and 6 to search for, in 2 cameras."""
    return synthetic_world(train=12, test=6, cameras=2, images=3, distractors=4, junk=2, seed=5)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets, or a skip."""
    folder = os.environ.get("MASKREID_DATA")
    if not folder:
        pytest.skip("MASKREID_DATA is not set: no real data to test on")
    return Path(folder)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests out of the user's cache of packed images."""
    monkeypatch.setenv("MASKREID_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
