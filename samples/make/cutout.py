"""Cuts Eileen Collins out of NASA's portrait: a soft alpha and the foreground's own colour.

The outline below was drawn by hand. Only a narrow band along it is undecided; there alpha comes
from closed-form matting, and the colour of hair and suit is separated from the old wall and flag.
The portrait ships inside scikit-image (public domain). Nothing here knows of frames or files.

Sources: Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", CVPR 2006
(alpha: sections 3 and 4; the two colours: section 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import coo_matrix, csr_matrix, diags, vstack
from scipy.sparse.linalg import spsolve
from skimage import data

Array: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

# Below this row the portrait shows the helmet in her arm, which a webcam would not.
ROWS_KEPT = 340

# The outline as (x, y) in pixels of the 512 × 512 portrait, clockwise from the sleeve on the left.
_SLEEVE_LEFT = [
    (25, 352), (26, 345), (28, 338), (30, 330), (34, 318), (38, 308), (40.5, 304), (40.5, 296),
    (46, 280), (55, 262), (65, 249.5), (76, 238), (90, 228), (100, 220), (106, 211), (113, 206),
]  # fmt: skip
_COLLAR_LEFT = [
    (114, 199), (113, 188), (119.5, 183.5), (125, 174.5), (129, 167), (135, 160), (143, 154.4),
    (153, 150.4), (165, 148.4), (175, 148), (184, 148.3),
]  # fmt: skip
_FACE_LEFT = [(183, 140), (181.5, 132), (176, 131), (171, 124), (169, 118)]
_HAIR = [
    (165, 116), (160, 110), (156, 103), (154, 95), (153.5, 85), (153, 72), (154, 63), (158, 56),
    (166, 49), (175, 43), (188, 36), (191, 31), (197, 26), (207, 21), (218, 18), (228, 15.5),
    (242, 16), (252, 20), (262, 25), (272, 30), (281, 36), (288, 42), (293, 52), (297, 62),
    (298, 70), (301, 82), (301.5, 92), (298, 103), (296, 109), (290, 117), (284, 123),
]  # fmt: skip
_FACE_RIGHT = [(280, 129), (275, 135), (268, 136.5), (266, 142), (258, 160), (255, 173)]
_COLLAR_RIGHT = [
    (255, 173.5), (267, 181), (277, 189.5), (286.5, 200), (294.5, 212), (299.5, 221), (304, 235),
]  # fmt: skip
_SLEEVE_RIGHT = [(315, 240), (325, 248), (335, 256), (342, 266), (347, 278)]
_TAG = [
    (348, 283), (350, 283.5), (352, 288), (353.7, 294), (355.6, 302), (356.8, 314), (359, 325),
    (362.5, 331.5), (360, 333), (361, 352),
]  # fmt: skip

_OUTLINE = [
    *_SLEEVE_LEFT, *_COLLAR_LEFT, *_FACE_LEFT, *_HAIR,
    *_FACE_RIGHT, *_COLLAR_RIGHT, *_SLEEVE_RIGHT, *_TAG,
]  # fmt: skip

# Where matting decides, and half the width of the band: hair flies further than cloth frays. On
# the left the collar, and on the right the tag, is as bright as the old wall: the outline decides.
_BANDS = [
    (_SLEEVE_LEFT, 2), ([_COLLAR_LEFT[-1], *_FACE_LEFT, *_HAIR, *_FACE_RIGHT], 2), (_HAIR, 6),
    ([*_COLLAR_RIGHT, *_SLEEVE_RIGHT], 2),
]  # fmt: skip

# Levin's epsilon, for colours in [0, 1]: how far a window may leave its colour line.
_EPSILON = 1e-5
_CERTAIN = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """A person without a room.

    Attributes:
        colour: float32 (height, width, 3) RGB in [0, 1], premultiplied by alpha, gamma-encoded.
        alpha: float32 (height, width) in [0, 1].
    """

    colour: npt.NDArray[np.floating]
    alpha: npt.NDArray[np.floating]


def collins() -> Cutout:
    """Head and shoulders of the portrait, at its own size."""
    photo = data.astronaut()[:ROWS_KEPT].astype(np.float64) / 255
    height, width, _ = photo.shape
    undecided = _undecided(height, width)
    alpha = _settle(_closed_form_alpha(photo, _drawn_alpha(height, width), undecided))
    foreground = _foreground_colour(photo, alpha)
    premultiplied = foreground * alpha[..., None]
    return Cutout(premultiplied.astype(np.float32), alpha.astype(np.float32))


def _drawn_alpha(height: int, width: int) -> Array:
    """The outline filled, its edge as soft as the portrait's own: [0, 1] (height, width)."""
    factor = 4
    corners = np.rint(np.array(_OUTLINE) * factor).astype(np.int32)
    large = np.zeros((height * factor, width * factor), np.float32)
    cv2.fillPoly(large, [corners], 1.0)
    soft = cv2.GaussianBlur(large, (0, 0), 0.6 * factor)
    return cv2.resize(soft, (width, height), interpolation=cv2.INTER_AREA).astype(np.float64)


def _undecided(height: int, width: int) -> Bools:
    """Where the portrait, not the outline, says what is person."""
    band = np.zeros((height, width), np.uint8)
    for points, radius in _BANDS:
        corners = np.rint(points).astype(np.int32)
        cv2.polylines(band, [corners], isClosed=False, color=1, thickness=2 * radius + 1)
    return band.astype(bool)


def _closed_form_alpha(photo: Array, drawn: Array, undecided: Bools) -> Array:
    """Alpha by the portrait's colours where undecided; elsewhere ``drawn``."""
    trust = np.where(undecided, 0.0, _CERTAIN).ravel()
    system = _matting_laplacian(photo, undecided) + diags(trust + 1e-9)
    solved = spsolve(system.tocsc(), trust * drawn.ravel()).reshape(drawn.shape)
    return np.where(undecided, np.clip(solved, 0, 1), drawn)


def _matting_laplacian(photo: Array, undecided: Bools) -> csr_matrix:
    """Levin's equation 12 over the 3 × 3 windows that touch an undecided pixel."""
    height, width, _ = photo.shape
    index = np.arange(height * width).reshape(height, width)
    windows = sliding_window_view(index, (3, 3)).reshape(-1, 9)
    windows = windows[undecided.ravel()[windows].any(axis=1)]
    colours = photo.reshape(-1, 3)[windows]
    centred = colours - colours.mean(axis=1, keepdims=True)
    covariance = np.einsum("nij,nik->njk", centred, centred) / 9 + _EPSILON / 9 * np.eye(3)
    affinity = (1 + centred @ np.linalg.solve(covariance, centred.transpose(0, 2, 1))) / 9
    values = np.eye(9) - affinity
    rows = np.repeat(windows, 9, axis=1).ravel()
    columns = np.tile(windows, (1, 9)).ravel()
    size = height * width
    return coo_matrix((values.ravel(), (rows, columns)), shape=(size, size)).tocsr()


def _settle(alpha: Array) -> Array:
    """Push nearly nothing to 0 and nearly all to 1: what the solver leaves there is no hair."""
    low, high = 0.06, 0.9
    return np.clip((alpha - low) / (high - low), 0, 1)


def _foreground_colour(photo: Array, alpha: Array) -> Array:
    """The colour each pixel of the person would have with no wall behind: like ``photo``.

    Levin's equation 19: colour × alpha + wall × (1 − alpha) explains the photo, and both are
    smooth, the more so where alpha changes.
    """
    height, width = alpha.shape
    differences = _differences(height, width)
    edges = np.abs(differences @ alpha.ravel())
    # The small constant spreads colours over pixels that neither side explains.
    smooth = diags(np.sqrt(edges + 1e-3)) @ differences
    nothing = csr_matrix(smooth.shape)
    explained = [diags(alpha.ravel()), diags(1 - alpha.ravel())]
    rows = vstack([_side_by_side(smooth, nothing), _side_by_side(nothing, smooth)])
    rows = vstack([_side_by_side(*explained) * 10, rows]).tocsr()
    normal = (rows.T @ rows + diags(np.full(2 * alpha.size, 1e-9))).tocsc()
    zeros = np.zeros((2 * smooth.shape[0], 3))
    wanted = np.vstack([photo.reshape(-1, 3) * 10, zeros])
    solved = spsolve(normal, rows.T @ wanted)[: alpha.size].reshape(photo.shape)
    return np.where((alpha == 1)[..., None], photo, np.clip(solved, 0, 1))


def _differences(height: int, width: int) -> csr_matrix:
    """Each pixel less its right neighbour, then each pixel less the one below."""
    index = np.arange(height * width).reshape(height, width)
    pairs = [(index[:, :-1], index[:, 1:]), (index[:-1], index[1:])]
    first = np.concatenate([a.ravel() for a, _ in pairs])
    second = np.concatenate([b.ravel() for _, b in pairs])
    row = np.arange(first.size)
    ones = np.ones(first.size)
    shape = (first.size, height * width)
    return csr_matrix((ones, (row, first)), shape) - csr_matrix((ones, (row, second)), shape)


def _side_by_side(left: csr_matrix, right: csr_matrix) -> csr_matrix:
    return vstack([left.T, right.T]).T.tocsr()
