"""Which picture is made of a matte, and what stands behind it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mattebox.errors import SettingsError, SourceError, SourceNotFound
from mattebox.files import is_picture, is_there
from mattebox.settings import BackdropSettings, Settings

if TYPE_CHECKING:
    from mattebox.matting.foreground import ForegroundOptions
    from mattebox.matting.framing import Follower
    from mattebox.matting.light_wrap import WrapOptions
    from mattebox.matting.overlay import Rgba
    from mattebox.matting.tone_match import MatchOptions
    from mattebox.ports import Backdrop, Layer

_log = logging.getLogger(__name__)

# What can show through: where "auto" means no backdrop at all.
_TRANSPARENT_SUFFIXES = {".png", ".webp", ".webm"}


def open_layer(
    settings: Settings,
    *,
    transparent: bool,
    backdrop: Backdrop | None = None,
    follower: Follower | None = None,
) -> Layer:
    """The layer that the settings name; ``transparent`` turns a composite into a cut-out.

    A backdrop of ``auto`` is blur here.

    Args:
        settings: the whole tree.
        transparent: whether there is no backdrop at all.
        backdrop: what a composite is laid over instead of the backdrop that the settings name.
        follower: where the window of the framing is, so that another layer goes on from there.

    Raises:
        SourceError: the picture of the overlay cannot be read.
    """
    if settings.layer != "composite" and settings.backdrop.source not in {"auto", "transparent"}:
        _log.warning(
            "the backdrop %s does not show: the layer %s has none",
            settings.backdrop.source,
            settings.layer,
        )
    settings = _with_backdrop_settled(settings)
    from mattebox.matting import layers

    if settings.layer == "saliency":
        return layers.Saliency(heat=settings.sink.heat)
    if settings.layer == "matte":
        return layers.AlphaMatte()
    if settings.layer == "foreground":
        return layers.Foreground(_foreground(settings))
    over = overlay_picture(settings)
    estimate = _foreground(settings) if settings.foreground.estimate else None
    if settings.layer == "cutout" or transparent:
        return _finished(layers.Cutout(estimate), settings, over, follower)
    backdrop = backdrop or chosen_backdrop(settings)
    composite = layers.Composite(backdrop, estimate, _match(settings), _wrap(settings))
    return _finished(composite, settings, over, follower)


def overlay_picture(settings: Settings) -> Rgba | None:
    """The picture that lies over the result, float32 (h, w, 4) RGBA in [0, 1]; None for none.

    Raises:
        SourceNotFound: there is no such file.
        DecodeError: it is no picture.
    """
    if not settings.overlay.path:
        return None
    import numpy as np

    from mattebox.sources.picture import read_picture

    try:
        picture = read_picture(Path(settings.overlay.path))
    except SourceError as error:
        raise type(error)(f"no overlay: {error.message}", error.advice) from error
    peak = np.float32(picture.pixels.peak)
    green, blue, red, *alpha = picture.planes
    opaque = np.full(green.shape, picture.pixels.peak, picture.pixels.dtype)
    rgba = np.stack((red, green, blue, *(alpha or [opaque])), axis=-1)
    return rgba.astype(np.float32) / peak


def _finished(
    layer: Layer, settings: Settings, over: Rgba | None, follower: Follower | None
) -> Layer:
    """The layer behind a window that follows, and below a picture."""
    if settings.framing.auto or follower is not None:
        from mattebox.matting.framing import Framed, FramingOptions

        cuts = settings.refine.privacy > 0
        framing = FramingOptions(**settings.framing.model_dump(), stays_cut=cuts)
        layer = Framed(layer, framing, follower)
    if over is not None:
        from mattebox.matting.overlay import Overlaid, OverlayOptions

        options = OverlayOptions(**settings.overlay.model_dump(exclude={"path"}))
        layer = Overlaid(layer, over, options)
    return layer


def chosen_backdrop(settings: Settings) -> Backdrop:
    """The backdrop that the settings name; blur for ``auto``. Errors: see ``open_backdrop``."""
    settings = _with_backdrop_settled(settings)
    return open_backdrop(settings.backdrop.source, settings)


def open_backdrop(name: str, settings: Settings) -> Backdrop:
    """The backdrop that a BACKDROP names; not ``auto`` and not ``transparent``.

    Raises:
        SourceNotFound: it is neither a colour, nor blur, nor a file.
        SettingsError: a radius that is no number.
    """
    options = settings.backdrop
    if _is_blur(name):
        from mattebox.backdrops.blur import BlurBackdrop

        argument = name.partition(":")[2]
        return BlurBackdrop(_blur_radius(argument) if argument else options.blur_px)
    path = Path(name)
    if not is_there(path):
        from mattebox.backdrops.colour import ColourBackdrop, parse_colour

        _refuse_what_looks_like_a_file(name)
        return ColourBackdrop(parse_colour(name))
    if is_picture(path):
        from mattebox.backdrops.still import StillBackdrop

        return StillBackdrop(path, fit=options.fit, anchor=options.anchor)
    from mattebox.backdrops.moving import MovingBackdrop

    return MovingBackdrop(
        path,
        fit=options.fit,
        anchor=options.anchor,
        start_s=options.start_s,
        crossfade_s=options.crossfade_s,
    )


def is_transparent(name: str, settings: Settings) -> bool:
    """Whether that OUTPUT gets no backdrop at all."""
    if settings.backdrop.source != "auto":
        return settings.backdrop.source == "transparent"
    return Path(name).suffix.lower() in _TRANSPARENT_SUFFIXES


def _with_backdrop_settled(settings: Settings) -> Settings:
    """The settings with ``auto`` as what it means for an opaque output."""
    if settings.backdrop.source != "auto":
        return settings
    backdrop = settings.backdrop.model_copy(update={"source": "blur"})
    return settings.model_copy(update={"backdrop": backdrop})


def _foreground(settings: Settings) -> ForegroundOptions:
    from mattebox.matting.foreground import ForegroundOptions

    return ForegroundOptions(radius_px=settings.foreground.radius_px)


def _match(settings: Settings) -> MatchOptions | None:
    from mattebox.matting.tone_match import MatchOptions

    options = settings.backdrop
    # Before its own room the subject is in the right light already.
    if _is_blur(options.source) or not (options.match_brightness or options.match_colour):
        return None
    return MatchOptions(
        brightness=options.match_brightness,
        colour=options.match_colour,
        half_life_s=options.match_half_life_s,
    )


def _wrap(settings: Settings) -> WrapOptions | None:
    from mattebox.matting.light_wrap import WrapOptions

    options = settings.backdrop
    if not options.light_wrap:
        return None
    return WrapOptions(strength=options.light_wrap, reach_px=options.light_wrap_px)


def _is_blur(name: str) -> bool:
    """Whether the backdrop is the scene itself, blurred, and not a file of that name."""
    return name.partition(":")[0] == "blur" and not is_there(name)


def _blur_radius(text: str) -> float:
    try:
        return BackdropSettings.model_validate({"blur_px": text}).blur_px
    except ValidationError as error:
        raise SettingsError(
            f"blur takes a radius of 0 to 500 pixels, got {text!r}.", "For example -b blur:40."
        ) from error


def _refuse_what_looks_like_a_file(name: str) -> None:
    """A missing backdrop.jpg is a missing file, not an unknown colour."""
    path = Path(name)
    if path.suffix or len(path.parts) > 1:
        raise SourceNotFound(
            f"there is no backdrop {name}.",
            "Give an image, a video, a colour such as seagreen or #00b140, blur or transparent.",
        )
