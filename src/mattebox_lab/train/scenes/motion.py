"""How cameras and people move: smooth paths in time, and the gentle bending of a moving body.

Positions have their edges between pixels, as in ``views``. A motion says where every point of a
still layer is at a time; the inverse and the way from one frame to the one before follow from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Size
from mattebox_lab.train.scenes.views import Matrix, composed

# float32 (height, width, 2): x and y, positions or differences of them.
Field = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

# Bending is so smooth that a grid of this spacing holds it; between its points it is linear.
GRID_PX = 4
# The bending moves points by a few pixels over dozens of them: each turn leaves a twentieth of the
# error.
INVERSION_TURNS = 4


@dataclass(frozen=True, slots=True)
class Waves:
    """Several smooth functions of time: sums of sines, one row of numbers each.

    Attributes:
        amplitudes, frequencies, phases: float64 (functions, sines); frequencies per frame.
    """

    amplitudes: Points
    frequencies: Points
    phases: Points

    def at(self, time: float) -> Points:
        """Their values at a time counted in frames: float64 (functions,)."""
        angles = 2 * np.pi * self.frequencies * time + self.phases
        return np.asarray((self.amplitudes * np.sin(angles)).sum(axis=1))


def drawn_waves(
    most: tuple[float, ...], rng: np.random.Generator, frequencies: tuple[float, float]
) -> Waves:
    """Functions that stay within their ``most``; the frequencies are per frame."""
    shape = (len(most), 3)
    parts = rng.dirichlet(np.ones(3), len(most))
    return Waves(
        parts * np.array(most)[:, None],
        rng.uniform(*frequencies, shape),
        rng.uniform(0, 2 * np.pi, shape),
    )


@dataclass(frozen=True, slots=True)
class Path:
    """A path of something stiff: it shifts, turns and comes nearer.

    Attributes:
        waves: four functions: x and y in pixels, the turn in degrees, the logarithm of the scale.
        centre: (x, y) about which it turns.
    """

    waves: Waves
    centre: tuple[float, float]

    def matrix(self, time: float) -> Matrix:
        """From still positions to those at the time: float64 (2, 3)."""
        x, y, degrees, growth = self.waves.at(time)
        turn = cv2.getRotationMatrix2D(self.centre, float(degrees), float(np.exp(growth)))
        return np.asarray(turn + np.array([[0, 0, x], [0, 0, y]]), np.float64)


@dataclass(frozen=True, slots=True)
class Bend:
    """A local displacement that comes and goes: two plane waves in space, swinging in time.

    Attributes:
        waves: two functions, pixels.
        across: float64 (2, 2): each wave's cycles per pixel along x and y.
        along: float64 (2, 2): the unit vector along which each wave moves things.
    """

    waves: Waves
    across: Points
    along: Points

    def at(self, points: Points, time: float) -> Points:
        """The displacement at still positions (…, 2)."""
        swing = self.waves.at(time)
        return np.asarray((np.sin(2 * np.pi * points @ self.across.T) * swing) @ self.along)


@dataclass(frozen=True, slots=True)
class Motion:
    """How a layer gets from its still place to where a frame shows it.

    A point p of the frame shows the still point q + bend(q), where q = path⁻¹(camera⁻¹(p)).

    Attributes:
        camera: the path of the world before the camera.
        path: the layer's own; None: it stands still in the world.
        bend: what is not stiff about it; None: nothing.
    """

    camera: Path
    path: Path | None = None
    bend: Bend | None = None

    def matrix(self, time: float) -> Matrix:
        """The stiff part, from still positions to the frame's."""
        camera = self.camera.matrix(time)
        return camera if self.path is None else composed(camera, self.path.matrix(time))

    def sources(self, time: float, size: Size) -> Field:
        """Where in the still layer each pixel of the frame is from."""
        inverse = inverted(self.matrix(time))
        stiff = dense(inverse, size)
        if self.bend is None:
            return stiff
        grid = grid_points(size)
        return stiff + fine(self.bend.at(applied(inverse, grid), time), size)

    def way_back(self, time: float, size: Size) -> Field:
        """From each pixel of the frame to where its surface was a frame earlier: the difference."""
        inverse, before = inverted(self.matrix(time)), self.matrix(time - 1)
        back = dense(composed(before, inverse), size) - dense(IDENTITY, size)
        if self.bend is None:
            return back
        stiff = applied(inverse, grid_points(size))
        still = stiff + self.bend.at(stiff, time)
        bent = self._unbent(still, time - 1) - stiff
        return back + fine(bent @ before[:, :2].T, size)

    def _unbent(self, still: Points, time: float) -> Points:
        """The q whose q + bend(q) is given, by turns of q = still − bend(q)."""
        assert self.bend is not None
        found = still
        for _ in range(INVERSION_TURNS):
            found = still - self.bend.at(found, time)
        return found


IDENTITY: Matrix = np.array([[1.0, 0, 0], [0, 1, 0]])


def inverted(matrix: Matrix) -> Matrix:
    """The affine map back."""
    return np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def applied(matrix: Matrix, points: Points) -> Points:
    """An affine map of points (…, 2)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def dense(matrix: Matrix, size: Size) -> Field:
    """Where an affine map sends the middle of every pixel."""
    x = np.arange(size[1]) + 0.5
    y = (np.arange(size[0]) + 0.5)[:, None]
    rows = [row[0] * x + (row[1] * y + row[2]) for row in matrix]
    return np.asarray(np.dstack(rows), np.float32)


def grid_points(size: Size) -> Points:
    """The middles of cells of ``GRID_PX``, one more cell on every side: float64 (rows, cols, 2)."""
    rows, columns = (np.arange(-1, -(-length // GRID_PX) + 1) + 0.5 for length in size)
    return np.dstack(np.meshgrid(columns, rows)).astype(np.float64) * GRID_PX


def fine(grid: Points, size: Size) -> Field:
    """Values at ``grid_points``, for the middle of every pixel."""
    rows, columns = (length * GRID_PX for length in grid.shape[:2])
    # Not cv2.warpAffine: it rounds its weights to a 32nd.
    grown = np.asarray(cv2.resize(grid.astype(np.float32), (columns, rows)), np.float32)
    return grown[GRID_PX : GRID_PX + size[0], GRID_PX : GRID_PX + size[1]]
