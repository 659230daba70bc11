"""Whether what a change names can be had, while nothing runs that would tell."""

from __future__ import annotations

from fractions import Fraction

from mattebox.assemble.layers import chosen_backdrop, overlay_picture
from mattebox.assemble.steering import placeholder, refuse_transparency, try_out
from mattebox.frame import VideoFormat
from mattebox.pixels import pixel_format
from mattebox.settings import Settings, differing

_TICKS = Fraction(1, 1_000_000)


def rehearse(before: Settings, after: Settings) -> None:
    """Open what is another backdrop, overlay or placeholder, and close it again; no model.

    Raises:
        MatteboxError: it cannot be had.
    """
    changed = differing(before, after)
    if changed & {"backdrop.source", "layer"}:
        refuse_transparency(after)
    if "backdrop.source" in changed:
        try_out(chosen_backdrop(after), asked_format(after))
    if "overlay.path" in changed:
        overlay_picture(after)
    if "live.placeholder" in changed:
        placeholder(after, asked_format(after))


def asked_format(settings: Settings) -> VideoFormat:
    """The format that the settings ask the camera for."""
    camera = settings.camera
    rate = Fraction(camera.rate).limit_denominator(1001)
    size = camera.width // 2 * 2, camera.height // 2 * 2
    return VideoFormat(*size, pixel_format("yuv420p"), _TICKS, rate)
