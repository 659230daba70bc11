"""Several processes that train one network: each sees its share of a step's pictures.

One for each core of a CPU, or for each GPU: two processes of one thread made 2.8 images a second on
two cores where one process of two threads made 2.15 (recipe two-cores, phase whole-large).
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import torch
from torch import Tensor, distributed, nn

from mattebox.apps.cli.console import EXIT_DEVICE, EXIT_INTERRUPTED
from mattebox.errors import SegmenterError

RANK, COUNT = "RANK", "WORLD_SIZE"
_LOOK_EVERY_S = 0.2


def is_peer() -> bool:
    """Whether ``together`` started this process."""
    return RANK in os.environ


def together(count: int, arguments: Sequence[str], folder: Path) -> int:
    """Run ``python -m mattebox_lab`` so many times at once, as peers, each with its share of cores.

    The first one has this process's output; what the others say is in ``folder``, peer-N.log, and
    told where the run fails. When one fails the others are stopped.

    Returns:
        the exit code of the first one that failed, or 0.
    """
    folder.mkdir(parents=True, exist_ok=True)
    common = {
        COUNT: str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // count)),
    }
    peers = []
    for rank in range(count):
        environment = {**os.environ, **common, RANK: str(rank)}
        command = [sys.executable, "-m", "mattebox_lab", *arguments]
        with _output(folder, rank) as output:
            peers.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output))
    failed = _first_failure(peers)
    if failed not in (0, EXIT_INTERRUPTED):
        for path in sorted(folder.glob("peer-*.log")):
            sys.stderr.write(path.read_text("utf-8", "replace"))
    return failed


def free_port() -> int:
    """A port of this machine that nobody listens at just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def _output(folder: Path, rank: int) -> Iterator[IO[bytes] | None]:
    """Where a peer's output goes; None: to this process's own."""
    if rank == 0:
        yield None
        return
    with (folder / f"peer-{rank}.log").open("wb") as file:
        yield file


def _first_failure(peers: Sequence[subprocess.Popen[bytes]]) -> int:
    """Wait for all; once one has failed, stop the others."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # From a terminal the peers have it already, and end in order; another one changes nothing.
        signal.signal(number, lambda number, _: _tell(peers, number))
    failed = 0
    while any(peer.poll() is None for peer in peers):
        if failed := failed or _failure(peers):
            _tell(peers, signal.SIGTERM)
        time.sleep(_LOOK_EVERY_S)
    return failed or _failure(peers)


def _failure(peers: Sequence[subprocess.Popen[bytes]]) -> int:
    """The exit code of one that failed, or 0.

    Whoever lost another one says so with ``EXIT_DEVICE``: the other one's own code says more.
    """
    codes = [code for peer in peers if (code := peer.poll())]
    own = [code for code in codes if code > 0 and code != EXIT_DEVICE]
    return next(iter(own), EXIT_DEVICE if codes else 0)


def _tell(peers: Sequence[subprocess.Popen[bytes]], number: int) -> None:
    for peer in peers:
        if peer.poll() is None:
            peer.send_signal(number)


class Peers:
    """The processes of a run, as one of them sees them; it may be the only one.

    Attributes:
        rank: this process's number, from 0; the first one writes and tells.
        count: how many there are.

    Raises:
        SegmenterError: the others did not come.
    """

    def __init__(self) -> None:
        self.rank, self.count = int(os.environ.get(RANK, "0")), int(os.environ.get(COUNT, "1"))
        if self.count == 1 or distributed.is_initialized():
            return
        try:
            distributed.init_process_group("gloo")
        except RuntimeError as error:
            raise SegmenterError(
                f"the {self.count} processes of this run found no way to each other: {error}.",
                "Run it without --processes.",
            ) from error
        # Left open, its threads abort the process at its end, now and then.
        atexit.register(distributed.destroy_process_group)

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and tells what happens."""
        return self.rank == 0

    def device(self, wanted: torch.device) -> torch.device:
        """This process's own: of several GPUs the one of its rank."""
        if self.count == 1 or wanted.type != "cuda":
            return wanted
        return torch.device("cuda", self.rank % torch.cuda.device_count())

    def share(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """The numbers of a step's samples that this process makes; at least one."""
        return numbers[self.rank :: self.count] or numbers[:1]

    def agree(self, wish: bool) -> bool:
        """Whether any of the processes wishes it: all get the same answer."""
        if self.count == 1:
            return wish
        return self.total(float(wish)) > 0

    def total(self, number: float) -> float:
        """The sum of all processes' numbers; each of them has to ask."""
        if self.count == 1:
            return number
        sum_of_all = torch.tensor(number, dtype=torch.float64)
        self._add_up(sum_of_all)
        return float(sum_of_all)

    @torch.no_grad()
    def average_gradients(self, parameters: Iterable[nn.Parameter], pictures: int) -> None:
        """Every process gets the mean of all gradients, each counted as often as it has pictures.

        Through the CPU's memory: the network's gradients are 4.5 MB.
        """
        if self.count == 1:
            return
        trained = list(parameters)
        own = torch.cat([_gradient(each).flatten().float().cpu() for each in trained])
        sums = torch.cat((own * pictures, torch.tensor([float(pictures)])))
        self._add_up(sums)
        means = torch.split(sums[:-1] / sums[-1], [each.numel() for each in trained])
        for each, mean in zip(trained, means, strict=True):
            each.grad = mean.view_as(each).to(each)

    def _add_up(self, numbers: Tensor) -> None:
        try:
            distributed.all_reduce(numbers)
        except RuntimeError as error:
            raise SegmenterError(
                "another process of this run has ended.", "See peer-N.log in the run's folder."
            ) from error


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
