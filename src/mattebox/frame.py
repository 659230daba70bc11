"""What travels: a format that a source promises, a frame, and a frame with its matte.

Frozen data, no arithmetic. Planes are views of the decoder's memory and are never written to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from mattebox.colour import Colour, Planes
from mattebox.errors import FrameError
from mattebox.pixels import PixelFormat

if TYPE_CHECKING:
    from torch import Tensor

Coverage: TypeAlias = npt.NDArray[np.float32]  # see Matte


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """What a source promises for every frame, and a sink accepts or refuses before the first one.

    Frames are upright: a source that finds a rotation in its input turns the planes, so that no
    later room needs to know of it.

    Attributes:
        width, height: size in pixels, of the full planes.
        pixels: the layout of the planes.
        time_base: seconds per tick of every ``pts``.
        rate: nominal frames per second; None where there is none (stills, variable rate).
        colour: what sample values mean.
        sample_aspect: width of a pixel over its height.
    """

    width: int
    height: int
    pixels: PixelFormat
    time_base: Fraction
    rate: Fraction | None = None
    colour: Colour = field(default_factory=Colour)
    sample_aspect: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise FrameError(f"a frame cannot be {self.width}×{self.height} pixels.")
        if self.time_base <= 0 or self.sample_aspect <= 0:
            raise FrameError(
                f"time base {self.time_base} and pixel aspect {self.sample_aspect} must be above 0."
            )

    @property
    def plane_shapes(self) -> tuple[tuple[int, int], ...]:
        """The (height, width) of each plane."""
        return self.pixels.plane_shapes(self.height, self.width)

    @property
    def is_full_range(self) -> bool:
        """Whether colour samples use the whole scale."""
        return self.colour.is_full_range(self.pixels.family)

    def with_pixels(self, pixels: PixelFormat) -> VideoFormat:
        """The same format in another layout."""
        return replace(self, pixels=pixels)

    def __str__(self) -> str:
        rate = f", {float(self.rate):g} fps" if self.rate else ""
        return f"{self.width}×{self.height} {self.pixels.name}{rate}"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture at one moment.

    Attributes:
        planes: one uint8 or uint16 array per plane, shaped as ``format.plane_shapes``; views, rows
            need not be contiguous in memory; read-only by convention. In a layout with alpha the
            last plane is straight alpha.
        format: what the planes are.
        pts: when it is shown, in ticks of ``format.time_base``.
        duration: how long it is shown, in ticks; None where nobody said.
        arrived_at: ``time.monotonic()`` when it entered the program; for latency, never for order.

    Raises:
        FrameError: the planes do not fit the format.
    """

    planes: Planes
    format: VideoFormat
    pts: int
    duration: int | None = None
    arrived_at: float = 0.0

    def __post_init__(self) -> None:
        shapes = tuple(plane.shape for plane in self.planes)
        if shapes != self.format.plane_shapes:
            raise FrameError(
                f"planes of shapes {shapes} are not a picture of {self.format}: "
                f"that takes {self.format.plane_shapes}."
            )
        if any(plane.dtype != self.format.pixels.dtype for plane in self.planes):
            found = ", ".join(str(plane.dtype) for plane in self.planes)
            raise FrameError(
                f"{self.format.pixels.name} has {self.format.pixels.dtype} samples, not {found}."
            )

    @property
    def colour_planes(self) -> Planes:
        """The planes without alpha."""
        return self.planes[: self.format.pixels.colour_planes]

    def __repr__(self) -> str:
        return f"Frame({self.format}, pts={self.pts}, time_base={self.format.time_base})"


@dataclass(frozen=True, slots=True, eq=False)
class Matte:
    """A frame and what of it is foreground.

    Attributes:
        frame: the very frame that the alpha was cut from.
        alpha: float32 (height, width) in [0, 1] at the frame's size, on the segmenter's device.
        saliency: float32 (h, w) in [0, 1], the map of the whole frame before any smoothing, at the
            network's size, or larger and 0 outside of the part that the network was shown; None
            where no network made the matte.
        coverage: float32 (⌈height / 8⌉, ⌈width / 8⌉): the mean of alpha in each square of 8×8
            pixels, its edge repeated beyond the frame; 0 or 1 only where all of it is, to within
            float32's own error; None where nobody has worked it out. It saves work and says
            nothing that alpha does not; a copy with another alpha is a copy without it.
    """

    frame: Frame
    alpha: Tensor
    saliency: Tensor | None = None
    coverage: Coverage | None = field(default=None, init=False)

    @classmethod
    def covered(
        cls, frame: Frame, alpha: Tensor, saliency: Tensor | None, coverage: Coverage | None
    ) -> Matte:
        """A matte whose coverage is known; the arguments are the attributes.

        Raises:
            FrameError: alpha or coverage does not fit the frame.
        """
        matte = cls(frame, alpha, saliency)
        expected = -(-frame.format.height // 8), -(-frame.format.width // 8)
        if coverage is not None and coverage.shape != expected:
            raise FrameError(
                f"a coverage of {coverage.shape} does not fit a frame with {expected} cells."
            )
        object.__setattr__(matte, "coverage", coverage)
        return matte

    def __post_init__(self) -> None:
        expected = (self.frame.format.height, self.frame.format.width)
        if tuple(self.alpha.shape) != expected:
            raise FrameError(
                f"an alpha of {tuple(self.alpha.shape)} does not fit a frame of {expected}."
            )

    def __repr__(self) -> str:
        return f"Matte({self.frame!r}, alpha={tuple(self.alpha.shape)})"
