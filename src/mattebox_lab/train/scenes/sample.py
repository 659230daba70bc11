"""What the training loop gets: one picture with its alpha."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Picture


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture and the answer to it.

    Attributes:
        picture: uint8 (height, width, 3) RGB, gamma-encoded.
        alpha: uint8 (height, width); 255 is foreground.
        kind: the scene's name.
        exact: whether soft edges of the alpha are true. They are where a cut-out was laid over
            another picture; a binary mask or a predicted alpha knows its edges to a pixel or two.
        taught: whether a teacher has a say about it.
    """

    picture: Picture
    alpha: npt.NDArray[np.uint8]
    kind: str
    exact: bool
    taught: bool = False

    def __repr__(self) -> str:
        height, width = self.alpha.shape
        return f"Sample({self.kind}, {height}×{width}, foreground {self.alpha.mean() / 255:.0%})"
