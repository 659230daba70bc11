"""Truth in the place of a network, so that what comes after the network can be judged by itself.

What lives here: the true alpha averaged down to the network's size, and noise that looks like a
network's doubts. What does not: measuring (``judging.py``).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mattebox.errors import SourceError
from mattebox_lab.evaluate.sets import Sample
from mattebox_lab.evaluate.stills import Map

NAME = "oracle"
_NAMED = re.compile(rf"{NAME}(?::(\d+(?:\.\d+)?))?")

# At noise 1, in pixels of the network's picture: how far edges waver, and over how wide a stretch
# they waver as one. In saliency: how much what is near an edge is brighter or darker.
WAVER_PX, STRETCH_PX, DOUBT = 1.0, 5.0, 0.25
# How much of a frame's noise the next one has as well: a network errs alike in like pictures.
LASTING = 0.5
# Pixels over which an edge's doubt reaches.
_REACH_PX = 3.0


def noise_of(name: str) -> float | None:
    """0 of ``oracle``, 1.5 of ``oracle:1.5``; None of what is no oracle's name."""
    match = _NAMED.fullmatch(name)
    return None if match is None else float(match[1] or 0)


class Oracle:
    """A segmenter that knows the truth of the samples that it watches go by.

    Args:
        noise: how unsteady, against a network: at 0 the maps are the truth averaged down, above
            their edges waver and their doubtful places flicker about. At 1 they do as those of the
            network in the package where it is in doubt (dtSSD at 256 px: head-curly 8.0 against its
            8.2, soapbox 9.1 against 8.8), at 0.2 as where it is sure (head-office 1.5 against 1.4).
            The noise is the same at every run.
    """

    def __init__(self, noise: float = 0.0) -> None:
        self._noise = noise
        self._truths: deque[Map | None] = deque()
        self._random = np.random.default_rng(0)
        self._fields: npt.NDArray[np.float32] | None = None

    @property
    def device(self) -> torch.device:
        """The truth is kept in the CPU's memory."""
        return torch.device("cpu")

    def watching(self, samples: Iterator[Sample]) -> Iterator[Sample]:
        """The same samples; each one's truth is the answer to one picture, in order."""
        for sample in samples:
            self._truths.append(sample.alpha)
            yield sample

    def saliency(self, batch: Tensor) -> Tensor:
        """The maps of the next pictures, see ``Segmenter``.

        Raises:
            SourceError: nobody knows the truth of one of them.
        """
        size = int(batch.shape[2]), int(batch.shape[3])
        maps = [self._map(self._truths.popleft(), size) for _ in range(len(batch))]
        return torch.from_numpy(np.stack(maps)[:, None])

    def _map(self, truth: Map | None, size: tuple[int, int]) -> Map:
        if truth is None:
            raise SourceError(
                "the oracle has no truth for this clip.",
                "Leave out the clips without truth: --sets 'head-*'.",
            )
        small = cv2.resize(truth, size[::-1], interpolation=cv2.INTER_AREA)
        exact = np.asarray(small, np.float32)
        return exact if self._noise == 0 else self._doubted(exact)

    def _doubted(self, exact: Map) -> Map:
        """The map with its edges displaced and what is near them brighter or darker."""
        across, down, light = self._next_fields(exact.shape)
        rows, columns = np.indices(exact.shape, np.float32)
        waver = np.float32(self._noise * WAVER_PX)
        moved = cv2.remap(
            exact,
            columns + waver * across,
            rows + waver * down,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        near = cv2.GaussianBlur(np.asarray(moved, np.float32), (0, 0), _REACH_PX)
        doubt = 4 * near * (1 - near)
        noisy = moved + self._noise * DOUBT * light * doubt
        return np.asarray(np.clip(noisy, 0, 1), np.float32)

    def _next_fields(self, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
        """float32 (3, h, w): smooth in space, of unit variance, half of it the frame's before."""
        white = self._random.standard_normal((3, *shape), np.float32)
        smooth = np.stack([cv2.GaussianBlur(each, (0, 0), STRETCH_PX) for each in white])
        # White noise blurred by σ has the variance 1 / (4 π σ²).
        fresh = np.asarray(smooth * (2 * np.sqrt(np.pi) * STRETCH_PX), np.float32)
        if self._fields is None or self._fields.shape != fresh.shape:
            self._fields = fresh
        else:
            self._fields = np.asarray(
                LASTING * self._fields + np.sqrt(1 - LASTING**2) * fresh, np.float32
            )
        return self._fields
