"""Several processes that train one model: each computes its share of every batch, and all take the same step.

The tensors of small molecules are too small for several threads to work on one of them: two of PyTorch's threads did
2100 atoms a second, one thread 3500 and two processes of one thread each 7700 (two cores, 48 features, 2 modules).
"""

from __future__ import annotations

import ctypes
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
import torch.distributed
import torch.multiprocessing
from torch import Tensor


class Team:
    """One process among those that train; alone unless told otherwise.

    Attributes
    ----------
    rank, size : int
        Which process this is, and of how many. Process 0 validates, prints and writes files.
    """

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank = rank
        self.size = size

    @property
    def leads(self) -> bool:
        """Whether this is process 0."""
        return self.rank == 0

    def share(self, rows: np.ndarray) -> np.ndarray:
        """This process's structures of a batch; together the processes' shares are the batch."""
        return rows[self.rank :: self.size]

    def sum(self, values: Tensor) -> Tensor:
        """Sums a tensor over all processes, in place; every process gets the same bits."""
        if self.size > 1:
            torch.distributed.all_reduce(values)
        return values


@contextmanager
def team_of(size: int, helper: Callable[..., None], *arguments):
    """Starts processes that run ``helper(team, *arguments)`` and gives this one its own place among them.

    Parameters
    ----------
    size : int
        All processes, this one counted.
    helper : callable
        A module's function, and ``arguments`` what can be pickled, as the processes start from nothing.
    """
    _prepare_process()
    if size == 1:
        yield Team()
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder, "meeting").as_uri()
        helpers = torch.multiprocessing.spawn(_help, (size, meeting, helper, arguments), nprocs=size - 1, join=False)
        try:
            _meet(0, size, meeting)
            yield Team(0, size)
            while not helpers.join():
                pass
        finally:
            for process in helpers.processes:
                process.terminate()
            if torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()


def _help(place: int, size: int, meeting: str, helper: Callable[..., None], arguments: tuple) -> None:
    # Ctrl-C reaches every process of a terminal. Process 0 ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _prepare_process()
    _meet(place + 1, size, meeting)
    helper(Team(place + 1, size), *arguments)


def _meet(rank: int, size: int, meeting: str) -> None:
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=size)


def _prepare_process() -> None:
    """One thread; and memory that a step gives back is kept for the next (a fifth faster, where the C library is glibc).

    Otherwise large tensors come from the system each time, page by page and zeroed.
    """
    torch.set_num_threads(1)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(trim_threshold, 2**31 - 1)
        mallopt(mmap_threshold, 2**25)
