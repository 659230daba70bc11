"""Renders an armchair on a wooden floor: a thing to cut out of its picture.

A signed distance function (Quilez, "Distance functions", iquilezles.org) describes the chair;
rays are marched to it, and a lamp with an area gives soft shadows. Lengths are in metres, y is up,
the camera looks towards negative z. Points and normals are float32 (n, 3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, radians, sin
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating]
Distance: TypeAlias = Callable[[Array], Array]

_GAMMA = 2.2
_WALL_Z = -1.05
_TURN = radians(-32)

_FABRIC = np.array([0.035, 0.17, 0.19], np.float32)
_WOOD = np.array([0.30, 0.145, 0.06], np.float32)
_FLOOR = np.array([0.36, 0.25, 0.165], np.float32)
_WALL = np.array([0.64, 0.615, 0.57], np.float32)

_LAMP = np.array([-1.9, 2.7, 1.7], np.float32)
_LAMP_RADIUS = 0.55
_LAMP_LIGHT = np.array([1.0, 0.93, 0.82], np.float32) * 11.0
_SKY_LIGHT = np.array([0.36, 0.39, 0.43], np.float32)

_EYE = np.array([0.0, 1.12, 3.3], np.float32)
_LOOKS_AT = np.array([0.0, 0.47, 0.0], np.float32)
_FIELD_OF_VIEW = radians(24.5)

_SHADOW_RAYS = 20
_HIT = 6e-4


def armchair(width: int, height: int, seed: int) -> Array:
    """RGB (height, width, 3) in [0, 1], gamma-encoded."""
    finer = 1.5
    chance = np.random.default_rng(seed)
    rays = _rays(round(width * finer), round(height * finer))
    flat = rays.reshape(-1, 3)
    colour = np.concatenate([_shaded(part, chance) for part in np.array_split(flat, 8)])
    exposed = np.clip(_filmic(colour), 0, 1).reshape(rays.shape) ** (1 / _GAMMA)
    return cv2.resize(exposed, (width, height), interpolation=cv2.INTER_AREA)


def _filmic(linear: Array) -> Array:
    """Roll off the lights (Narkowicz, "ACES filmic tone mapping curve", 2016)."""
    x = linear * 0.85
    return x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14)


def _rays(width: int, height: int) -> Array:
    """Directions through every pixel: (height, width, 3)."""
    ahead = _unit(_LOOKS_AT - _EYE)
    right = _unit(np.cross(ahead, np.array([0, 1, 0], np.float32)))
    up = np.cross(right, ahead)
    reach = np.tan(_FIELD_OF_VIEW / 2) / height * 2
    x = (np.arange(width) - width / 2 + 0.5) * reach
    y = (height / 2 - np.arange(height) - 0.5) * reach
    rays = ahead + x[None, :, None] * right + y[:, None, None] * up
    return _unit(rays.astype(np.float32))


def _unit(vectors: Array) -> Array:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _shaded(rays: Array, chance: np.random.Generator) -> Array:
    """Linear light along each ray (n, 3): the room first, then the chair where it is hit."""
    distance, normal, albedo, gloss = _room(rays)
    hit, reached = _march(_EYE[None] + 0 * rays, rays, distance)
    chair = _EYE + rays[hit] * reached[hit, None]
    distance[hit], normal[hit] = reached[hit], _normals(chair)
    albedo[hit], gloss[hit] = _chair_surface(chair, normal[hit])
    points = _EYE + rays * distance[:, None]
    return _lit(points, normal, albedo, gloss, rays, chance)


def _room(rays: Array) -> tuple[Array, Array, Array, Array]:
    """(distance, normal, albedo, gloss) of floor and wall along each ray."""
    to_floor = np.where(rays[:, 1] < -1e-4, -_EYE[1] / np.minimum(rays[:, 1], -1e-4), 1e3)
    to_wall = (_WALL_Z - _EYE[2]) / np.minimum(rays[:, 2], -1e-4)
    on_floor = to_floor < to_wall
    distance = np.minimum(to_floor, to_wall).astype(np.float32)
    points = _EYE + rays * distance[:, None]
    normal = np.where(on_floor[:, None], np.float32([0, 1, 0]), np.float32([0, 0, 1]))
    albedo = np.where(on_floor[:, None], _planks(points), _plaster(points))
    return distance, normal, albedo.astype(np.float32), np.where(on_floor, 0.10, 0.0)


def _planks(points: Array) -> Array:
    """Boards along x, each of its own tone, with grain and thin joints."""
    board = np.floor(points[:, 2] / 0.16)
    along = points[:, 0] + 0.77 * np.sin(board * 91.7)
    plank = np.floor(along / 1.4)
    tone = 1 + 0.13 * np.sin(board * 12.9 + plank * 78.2)
    across = points[:, 2] / 0.16 - board
    wander = across * 9 + 0.8 * np.sin(along * 2.1 + board) + 0.3 * np.sin(along * 7 + 2 * board)
    grain = 1 + 0.05 * np.sin(wander * 4 + board * 5) + 0.03 * np.sin(wander * 17 + along * 3)
    joint = (np.abs(across - 0.5) > 0.487) | (np.abs(along / 1.4 - plank - 0.5) > 0.4985)
    return _FLOOR * (tone * grain * np.where(joint, 0.55, 1))[:, None]


def _plaster(points: Array) -> Array:
    """The wall, with a white skirting board along the floor."""
    x, y = points[:, 0], points[:, 1]
    mottled = 1 + 0.012 * np.sin(5 * x + 2 * np.sin(4 * y)) * np.sin(6 * y + 1.5 * np.sin(3 * x))
    skirting = y < 0.11
    groove = np.abs(y - 0.107) < 0.004
    shade = np.where(skirting, np.where(groove, 0.7, 1.22), mottled)
    return _WALL * shade[:, None]


def _lit(
    points: Array, normal: Array, albedo: Array, gloss: Array, rays: Array,
    chance: np.random.Generator,
) -> Array:  # fmt: skip
    """Light of lamp, sky and floor, with shadows."""
    start = points + normal * 4e-3
    direct = np.zeros_like(points)
    for _ in range(_SHADOW_RAYS):
        lamp = _LAMP + _LAMP_RADIUS * _in_ball(len(points), chance)
        towards = lamp - start
        span = np.linalg.norm(towards, axis=1)
        towards /= span[:, None]
        facing = np.clip((towards * normal).sum(1), 0, None)
        blocked, _ = _march(start, towards, np.where(facing > 0, span, 0))
        share = np.where(blocked, 0, facing / span**2)
        mirrored = _unit(towards - rays)
        shine = gloss * np.clip((mirrored * normal).sum(1), 0, 1) ** 60 * 3
        direct += (share[:, None] * (albedo + shine[:, None])) * _LAMP_LIGHT / _SHADOW_RAYS
    openness = _openness(points, normal)[:, None]
    up = 0.5 + 0.5 * normal[:, 1:2]
    ambient = _SKY_LIGHT * (0.55 + 0.45 * up) + 0.20 * _FLOOR * (1 - up)
    return direct + albedo * ambient * openness


def _in_ball(count: int, chance: np.random.Generator) -> Array:
    directions = _unit(chance.normal(size=(count, 3)))
    return (directions * chance.random((count, 1)) ** (1 / 3)).astype(np.float32)


def _openness(points: Array, normal: Array) -> Array:
    """How little stands close by: [0, 1] (n,). Quilez, "Ambient occlusion", five taps."""
    hidden = np.zeros(len(points), np.float32)
    for step, weight in ((0.02, 1.0), (0.05, 0.6), (0.10, 0.42), (0.18, 0.32), (0.28, 0.22)):
        at = points + normal * step
        nearest = np.minimum(_chair(at), np.minimum(at[:, 1], at[:, 2] - _WALL_Z))
        hidden += weight * np.clip(step - nearest, 0, None) / step
    return np.clip(1 - 0.42 * hidden, 0.06, 1)


def _march(start: Array, rays: Array, limit: Array) -> tuple[npt.NDArray[np.bool_], Array]:
    """(hit, distance) of the chair along each ray, no further than ``limit``."""
    distance, hit = _enter_ball(start, rays), np.zeros(len(rays), bool)
    active = np.flatnonzero(distance < limit)
    for _ in range(70):
        if active.size == 0:
            break
        step = _chair(start[active] + rays[active] * distance[active, None])
        hit[active[step < _HIT]] = True
        distance[active] += step
        active = active[(step >= _HIT) & (distance[active] < limit[active])]
    return hit, distance


def _enter_ball(start: Array, rays: Array) -> Array:
    """Where each ray enters the ball around the chair; infinite if it passes by."""
    centre, radius = np.array([0, 0.48, 0], np.float32), 0.80
    offset = start - centre
    along = (offset * rays).sum(1)
    room = along**2 - (offset**2).sum(1) + radius**2
    entry = -along - np.sqrt(np.clip(room, 0, None))
    leaves = -along + np.sqrt(np.clip(room, 0, None))
    return np.where((room > 0) & (leaves > 0), np.maximum(entry, 0), np.inf).astype(np.float32)


def _normals(points: Array) -> Array:
    """The slope of the distance, by differences at the corners of a tetrahedron."""
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)
    return _unit(sum(corner * _chair(points + corner * 8e-4)[:, None] for corner in corners))


def _chair(points: Array) -> Array:
    """Distance to the chair."""
    local = _turned(points)
    return np.minimum(_cushions(local), _frame(local))


def _turned(points: Array) -> Array:
    """From the room's axes to the chair's own, in which it faces positive z."""
    x = cos(_TURN) * points[:, 0] + sin(_TURN) * points[:, 2]
    z = -sin(_TURN) * points[:, 0] + cos(_TURN) * points[:, 2]
    return np.stack([x, points[:, 1], z], axis=1)


def _cushions(p: Array) -> Array:
    return np.minimum(_seat(p), _back(p))


def _seat(p: Array) -> Array:
    local = _tilted(p, (0, 0.405, 0.03), radians(3))
    return _pillow(local, (0.305, 0.075, 0.305), puff=0.024, axis=1)


def _back(p: Array) -> Array:
    local = _tilted(p, (0, 0.69, -0.275), radians(-13))
    return _pillow(local, (0.30, 0.265, 0.07), puff=0.032, axis=2)


def _pillow(p: Array, half: Sequence[float], puff: float, axis: int) -> Array:
    """A rounded box that is thicker in its middle, with a seam around its sides."""
    flat = [index for index in range(3) if index != axis]
    bulge = np.prod([np.clip(1 - (p[:, i] / half[i]) ** 2, 0, 1) for i in flat], axis=0)
    seam = np.exp(-((np.abs(p[:, axis]) - 0.7 * half[axis]) ** 2) / 3e-5) * (1 - bulge) ** 6
    # Thickening bends space, so a step may overshoot: 0.8 keeps it on the safe side.
    return 0.8 * (_round_box(p, half, 0.05) - puff * bulge - 0.0035 * seam)


def _frame(p: Array) -> Array:
    """Legs, arms and rails: both sides at once, by the chair's symmetry."""
    side = np.stack([np.abs(p[:, 0]), p[:, 1], p[:, 2]], axis=1)
    parts = [
        _rod(side, (0.365, 0.585, 0.285), (0.385, 0.0, 0.33), 0.023, 0.014),
        _rod(side, (0.365, 0.575, -0.27), (0.375, 0.0, -0.40), 0.023, 0.014),
        _round_box(_tilted(side, (0.368, 0.592, 0.0), radians(2)), (0.034, 0.014, 0.335), 0.013),
        _round_box(_tilted(side, (0.352, 0.315, 0.0), radians(3)), (0.013, 0.028, 0.31), 0.008),
        _round_box(side - np.float32([0, 0.328, 0.295]), (0.36, 0.026, 0.013), 0.008),
        _round_box(side - np.float32([0, 0.30, -0.30]), (0.36, 0.026, 0.013), 0.008),
        _rod(side, (0.30, 0.30, -0.32), (0.30, 0.86, -0.405), 0.016, 0.014),
    ]
    return np.minimum.reduce(parts)


def _tilted(p: Array, centre: Sequence[float], angle: float) -> Array:
    """From the chair's axes to those of a part turned about the x axis."""
    x, y, z = (p - np.float32(centre)).T
    return np.stack([x, cos(angle) * y + sin(angle) * z, cos(angle) * z - sin(angle) * y], axis=1)


def _round_box(p: Array, half: Sequence[float], radius: float) -> Array:
    beyond = np.abs(p) - (np.float32(half) - np.float32(radius))
    outside = np.sqrt((np.clip(beyond, 0, None) ** 2).sum(1))
    return outside + np.minimum(beyond.max(1), 0) - np.float32(radius)


def _rod(p: Array, top: Sequence[float], foot: Sequence[float], thick: float, thin: float) -> Array:
    """A round rod that tapers from top to foot."""
    axis = np.float32(foot) - np.float32(top)
    offset = p - np.float32(top)
    share = np.clip((offset @ axis) / (axis @ axis), 0, 1)
    away = np.sqrt(((offset - share[:, None] * axis) ** 2).sum(1))
    return 0.95 * (away - (thick + (thin - thick) * share))


def _chair_surface(points: Array, normal: Array) -> tuple[Array, Array]:
    """(albedo, gloss): woven cloth on the cushions, oiled wood elsewhere."""
    p = _turned(points)
    cloth = _cushions(p) < _frame(p)
    weave = np.sin(p[:, 0] * 900) * np.sin((p[:, 1] + p[:, 2]) * 900)
    flecks = np.sin(p[:, 0] * 310 + 3 * np.sin(p[:, 1] * 170)) * np.sin(
        p[:, 2] * 290 + p[:, 1] * 260
    )
    woven = _FABRIC * (1 + 0.10 * weave + 0.12 * flecks)[:, None]
    grain = 1 + 0.10 * np.sin(p[:, 0] * 160 + 4 * np.sin(p[:, 2] * 9) + p[:, 1] * 40)
    oiled = _WOOD * grain[:, None]
    # Cloth has a soft sheen where it turns away from the eye: its fibres stand on end.
    rim = (1 - np.clip(-(normal * _unit(points - _EYE)).sum(1), 0, 1)) ** 3
    woven = woven * (1 + 0.9 * rim[:, None])
    return np.where(cloth[:, None], woven, oiled), np.where(cloth, 0.0, 0.12)
