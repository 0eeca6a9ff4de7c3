"""What many tests need: a small synthetic world, the real data if it is there, and who tests what."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Two processes test at once (pyproject.toml), each with one of two cores, and so do the commands that they run:
# threads that wait for each other by spinning take several times as long when there are more of them than cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Some results are promised to the last bit on a processor alone, and a GPU would be taken where there is one.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import pytest
import torch
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from maskreid import threads
from maskreid.images import Dataset, synthetic_world
from servers import bucket, cluster, place  # noqa: F401

torch.set_num_threads(1)
settings.register_profile("ours", deadline=None)  # other programs on the machine shall not fail a test
settings.load_profile("ours")


class ByFile(LoadFileScheduling):
    """One process has all tests of a file, which share what is slow to make, and one has all that need servers."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "servers" if file.endswith(("_ray.py", "_s3.py")) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@pytest.fixture(autouse=True, scope="session")
def _three_threads() -> Iterator[None]:
    """Rows are shared out among threads, as for users, though OMP_NUM_THREADS says one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(threads, "thread_count", lambda: 3)
        yield


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


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow over 64 KiB: what is larger fails halfway, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests, and fixtures of any scope, out of the user's cache of packed images."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MASKREID_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        yield
