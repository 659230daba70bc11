"""Where the camera stands: the box of a picture that a webcam, a phone or a tripod would show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mattebox_lab.train.scenes.arrays import Size
from mattebox_lab.train.scenes.body import Body
from mattebox_lab.train.scenes.views import Box

# The product rounds a picture's sides to multiples of 32, which distorts 16:9, 4:3 and 9:16 by up
# to 7 %, and lenses and seats do the rest.
ASPECT_DEVIATION = 0.07
MOST_SQUASHED = 1.15
# Heads that fit into the picture's height. A laptop on a desk shows a head and a half to three;
# a room camera half a person.
CLOSE, BUST, HALF = (1.5, 2.4), (2.4, 4.0), (4.0, 6.5)
FRAMES, FRAME_SHARES = (CLOSE, BUST, HALF), (0.3, 0.45, 0.25)
# Beyond the picture's edge it is mirrored. Up to so much of the way to the subject there is only
# background to mirror.
MIRRORED_AT_MOST = 0.5


def drawn_aspect(size: Size, rng: np.random.Generator) -> float:
    """Width over height of what is squashed to a size: near its own, within 15 %."""
    deviation = float(np.exp(rng.normal(0, ASPECT_DEVIATION)))
    return size[1] / size[0] * float(np.clip(deviation, 1 / MOST_SQUASHED, MOST_SQUASHED))


def portrait_box(
    body: Body,
    aspect: float,
    rng: np.random.Generator,
    frames: tuple[tuple[float, float], ...] = FRAMES,
) -> Box:
    """Head and shoulders to half a person, centred, running out of the bottom.

    Only the body's own geometry counts; the box may reach beyond the picture at the sides.
    ``frames`` says how many heads high it is: the shares are those of ``FRAME_SHARES``.
    """
    shares = np.array(FRAME_SHARES[-len(frames) :])
    heads = rng.uniform(*frames[rng.choice(len(frames), p=shares / shares.sum())])
    height = body.head * heads
    above = body.head * _room_above(heads, rng)
    # The feet, or the cut at the picture's bottom, stay out of sight.
    height = min(height, (body.height + above) * 0.97)
    width = height * aspect
    centre = body.head_x + np.clip(rng.normal(0, 0.1), -0.25, 0.25) * width
    return Box(centre - width / 2, body.top - above, width, height)


def _room_above(heads: float, rng: np.random.Generator) -> float:
    """Heads of air above the hair; one in eight sits too high and loses some of it."""
    if rng.random() < 0.12:
        return -float(rng.uniform(0.05, 0.3))
    return float(rng.uniform(0.04, 0.22)) * heads


def standing_box(body: Body, aspect: float, rng: np.random.Generator) -> Box:
    """All of a person, from half to all of the height, the feet near the lower edge or cut."""
    share = rng.uniform(0.45, 1.0)
    height = body.height / share
    floor = rng.uniform(max(share, 0.85), 1.05)
    width = height * aspect
    seen = min(0.5, body.width / width)
    middle = rng.uniform(seen * 0.4, 1 - seen * 0.4)
    x = (body.left + body.right) / 2 - middle * width
    return Box(x, body.bottom - floor * height, width, height)


def thing_box(
    body: Body,
    aspect: float,
    rng: np.random.Generator,
    shares: tuple[float, float] = (0.3, 0.9),
) -> Box:
    """A whole thing, anywhere it fits; its longer side has such a share of the picture's."""
    share = rng.uniform(*shares)
    height = max(body.height, body.width / aspect) / share
    width = height * aspect
    x = rng.uniform(body.right - width, body.left)
    y = rng.uniform(body.bottom - height, body.top)
    return Box(x, y, width, height)


def cut_box(body: Body, size: Size, aspect: float, rng: np.random.Generator) -> Box:
    """A subject that its picture cuts: the frame cuts it at the same sides, or further in."""
    share = rng.uniform(0.55, 1.0)
    height = max(body.height, body.width / aspect) / share
    width = height * aspect
    x = (body.left + body.right - width) / 2 + rng.normal(0, 0.1) * width
    y = body.bottom - height if body.touches_bottom else rng.uniform(body.bottom - height, body.top)
    return kept_inside(Box(x, y, width, height), body, size)


def kept_inside(box: Box, body: Body, size: Size) -> Box:
    """The box moved, and if need be shrunk, until it shows no edge at which the body is cut."""
    height, width = size
    shrink = 1.0
    if body.touches_left and body.touches_right:
        shrink = min(shrink, width / box.width)
    if body.touches_top and body.touches_bottom:
        shrink = min(shrink, height / box.height)
    box = shrunk(box, shrink)
    x = _moved(box.x, box.width, width, body.touches_left, body.touches_right)
    y = _moved(box.y, box.height, height, body.touches_top, body.touches_bottom)
    return replace(box, x=x, y=y)


def shifted(box: Box, share: float) -> Box:
    """The box moved to the left by a share of its width, so that what it shows moves right."""
    return replace(box, x=box.x - share * box.width)


def _moved(begin: float, length: float, size: float, at_begin: bool, at_end: bool) -> float:
    if at_begin:
        begin = max(begin, 0.0)
    if at_end:
        begin = min(begin, size - length)
    return begin


def shrunk(box: Box, factor: float) -> Box:
    """The box made smaller; the middle of its upper edge stays."""
    width, height = box.width * factor, box.height * factor
    return Box(box.x + (box.width - width) / 2, box.y, width, height)


def within_picture(box: Box, body: Body, size: Size) -> Box:
    """The box fitted to a picture that can be mirrored only where nobody is.

    A box that is too wide first gives up its aspect, as far as ``MOST_SQUASHED`` allows, and then
    its size.
    """
    left, right = _bounds(body.left, body.right, size[1])
    top, bottom = _bounds(body.top, body.bottom, size[0])
    too_wide = max(1.0, box.width / (right - left))
    narrower = replace(box, width=box.width / min(too_wide, MOST_SQUASHED))
    centred = replace(narrower, x=box.centre[0] - narrower.width / 2)
    too_large = max(1.0, centred.width / (right - left), centred.height / (bottom - top))
    fitted = shrunk(centred, 1 / too_large)
    x = min(max(fitted.x, left), right - fitted.width)
    return replace(fitted, x=x, y=min(max(fitted.y, top), bottom - fitted.height))


def _bounds(begin: float, end: float, size: float) -> tuple[float, float]:
    return -MIRRORED_AT_MOST * begin, size + MIRRORED_AT_MOST * (size - end)


def plain_box(body: Body | None, size: Size, aspect: float, rng: np.random.Generator) -> Box:
    """Nearly all of a picture, or its subject with something around it.

    Zoom 0.7 to 1.3, further out only as far as ``within_picture`` allows. Half of the boxes take
    the picture's own aspect, as networks for things are used.
    """
    height, width = size
    if rng.random() < 0.5:
        aspect = float(np.clip(width / height, aspect / 1.5, aspect * 1.5))
    whole = max(height, width / aspect) if rng.random() < 0.4 else min(height, width / aspect)
    tall = whole / rng.uniform(0.7, 1.3)
    wide = tall * aspect
    if body is None:
        tall, wide = min(tall, height), min(wide, width)
        return Box(rng.uniform(0, width - wide), rng.uniform(0, height - tall), wide, tall)
    x = _around((body.left, body.right), wide, width, rng)
    # What is too tall to be seen whole is seen from the top: faces are there.
    lowest = body.top - rng.uniform(0, 0.15) * tall
    y = lowest if body.height > tall else _around((body.top, body.bottom), tall, height, rng)
    return within_picture(Box(x, y, wide, tall), body, size)


def _around(
    span: tuple[float, float], length: float, size: float, rng: np.random.Generator
) -> float:
    """Where a box of some length may begin, to show nine tenths of a span."""
    begin, end = span
    slack = 0.05 * (end - begin)
    lowest, highest = sorted((end - slack - length, begin + slack))
    # Inside of the picture if it fits there, else around all of it.
    lowest_inside, highest_inside = sorted((0.0, size - length))
    low, high = max(lowest, lowest_inside), min(highest, highest_inside)
    if low > high:
        return float(np.clip((lowest + highest) / 2, lowest_inside, highest_inside))
    return float(rng.uniform(low, high))
