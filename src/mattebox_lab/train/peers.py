"""Several processes that train one network: each sees its share of a step's pictures.

One for each core of a CPU, or for each GPU: two processes of one thread made 2.5 images a second on
two cores where one process of two threads made 2.15 (recipe two-cores, phase whole-large; counted
were 2.8, with clips that both of them made).
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
from mattebox.errors import SegmenterError, SinkError
from mattebox.nets.torch_engine import choose_device

# Names of our own: those of cluster launchers may be set for other reasons.
RANK, COUNT, PORT = "MATTEBOX_PEER", "MATTEBOX_PEERS", "MATTEBOX_PEERS_PORT"
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

    Raises:
        SinkError: the folder cannot be made.
    """
    _clear_logs(folder)
    threads = str(max(1, _cores() // count))
    common = {COUNT: str(count), PORT: str(free_port())}
    common["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", threads)
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


def _cores() -> int:
    """Those that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _clear_logs(folder: Path) -> None:
    """Make the folder, without what peers of an earlier run said."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("peer-*.log"):
            path.unlink()
    except OSError as error:
        raise SinkError(
            f"cannot use {folder} for a run: {error.strerror}.", "Pass another --out."
        ) from error


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
            distributed.init_process_group(
                "gloo",
                init_method=f"tcp://127.0.0.1:{os.environ[PORT]}",
                rank=self.rank,
                world_size=self.count,
            )
        except (RuntimeError, ValueError, KeyError) as error:
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

    def device(self, name: str) -> torch.device:
        """This process's own: of several GPUs the one of its rank.

        Raises:
            SegmenterError: there is no such device, or not one for each process.
        """
        wanted = choose_device(name)
        if self.count == 1 or wanted.type != "cuda":
            return wanted
        present = torch.cuda.device_count()
        if ":" in name or self.count > present:
            raise SegmenterError(
                f"{self.count} processes cannot train on {name!r}: each takes a GPU of its own, "
                f"the first {self.count} of {present}.",
                f"Pass -d cuda and at most --processes {present}.",
            )
        torch.cuda.set_device(self.rank)
        return torch.device("cuda", self.rank)

    def share(self, numbers: tuple[int, ...]) -> tuple[tuple[int, ...], bool]:
        """The numbers of a step's samples that this process makes, and whether they count.

        One that would have nothing makes another one's sample, so that all stay in step; it counts
        there alone.
        """
        own = numbers[self.rank :: self.count]
        return (own, True) if own else (numbers[:1], False)

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
