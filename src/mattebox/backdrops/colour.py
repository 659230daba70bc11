"""One colour behind everything, and the colours that CSS knows by name.

Parsing is pure; the backdrop makes its planes once, in ``open``, and gives the same ones every
time. Called on the caller's thread.
"""

from __future__ import annotations

import difflib
import re

import numpy as np

from mattebox.colour import Planes, planes_from_rgb
from mattebox.errors import SettingsError
from mattebox.frame import Matte, VideoFormat

# CSS Color Module Level 4, section 6.1: all 148 names.
_NAMED = """
    aliceblue f0f8ff  antiquewhite faebd7  aqua 00ffff  aquamarine 7fffd4  azure f0ffff
    beige f5f5dc  bisque ffe4c4  black 000000  blanchedalmond ffebcd  blue 0000ff
    blueviolet 8a2be2  brown a52a2a  burlywood deb887  cadetblue 5f9ea0  chartreuse 7fff00
    chocolate d2691e  coral ff7f50  cornflowerblue 6495ed  cornsilk fff8dc  crimson dc143c
    cyan 00ffff  darkblue 00008b  darkcyan 008b8b  darkgoldenrod b8860b  darkgray a9a9a9
    darkgreen 006400  darkgrey a9a9a9  darkkhaki bdb76b  darkmagenta 8b008b
    darkolivegreen 556b2f  darkorange ff8c00  darkorchid 9932cc  darkred 8b0000
    darksalmon e9967a  darkseagreen 8fbc8f  darkslateblue 483d8b  darkslategray 2f4f4f
    darkslategrey 2f4f4f  darkturquoise 00ced1  darkviolet 9400d3  deeppink ff1493
    deepskyblue 00bfff  dimgray 696969  dimgrey 696969  dodgerblue 1e90ff  firebrick b22222
    floralwhite fffaf0  forestgreen 228b22  fuchsia ff00ff  gainsboro dcdcdc  ghostwhite f8f8ff
    gold ffd700  goldenrod daa520  gray 808080  green 008000  greenyellow adff2f  grey 808080
    honeydew f0fff0  hotpink ff69b4  indianred cd5c5c  indigo 4b0082  ivory fffff0  khaki f0e68c
    lavender e6e6fa  lavenderblush fff0f5  lawngreen 7cfc00  lemonchiffon fffacd
    lightblue add8e6  lightcoral f08080  lightcyan e0ffff  lightgoldenrodyellow fafad2
    lightgray d3d3d3  lightgreen 90ee90  lightgrey d3d3d3  lightpink ffb6c1  lightsalmon ffa07a
    lightseagreen 20b2aa  lightskyblue 87cefa  lightslategray 778899  lightslategrey 778899
    lightsteelblue b0c4de  lightyellow ffffe0  lime 00ff00  limegreen 32cd32  linen faf0e6
    magenta ff00ff  maroon 800000  mediumaquamarine 66cdaa  mediumblue 0000cd
    mediumorchid ba55d3  mediumpurple 9370db  mediumseagreen 3cb371  mediumslateblue 7b68ee
    mediumspringgreen 00fa9a  mediumturquoise 48d1cc  mediumvioletred c71585
    midnightblue 191970  mintcream f5fffa  mistyrose ffe4e1  moccasin ffe4b5  navajowhite ffdead
    navy 000080  oldlace fdf5e6  olive 808000  olivedrab 6b8e23  orange ffa500  orangered ff4500
    orchid da70d6  palegoldenrod eee8aa  palegreen 98fb98  paleturquoise afeeee
    palevioletred db7093  papayawhip ffefd5  peachpuff ffdab9  peru cd853f  pink ffc0cb
    plum dda0dd  powderblue b0e0e6  purple 800080  rebeccapurple 663399  red ff0000
    rosybrown bc8f8f  royalblue 4169e1  saddlebrown 8b4513  salmon fa8072  sandybrown f4a460
    seagreen 2e8b57  seashell fff5ee  sienna a0522d  silver c0c0c0  skyblue 87ceeb
    slateblue 6a5acd  slategray 708090  slategrey 708090  snow fffafa  springgreen 00ff7f
    steelblue 4682b4  tan d2b48c  teal 008080  thistle d8bfd8  tomato ff6347  turquoise 40e0d0
    violet ee82ee  wheat f5deb3  white ffffff  whitesmoke f5f5f5  yellow ffff00
    yellowgreen 9acd32
"""
_WORDS = _NAMED.split()
NAMES: dict[str, str] = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))

_ALLOWED = "a CSS name, #rgb, #rrggbb or rgb(red, green, blue) is"
_NO_ALPHA = (
    "Leave the transparency out, or take the backdrop `transparent` for a cut-out without a colour."
)


def is_colour(text: str) -> bool:
    """Whether the text is meant as a colour: a CSS name, or something that starts like a value.

    True does not promise that ``parse_colour`` takes it: ``#12`` is meant as one, and is wrong.
    """
    word = text.strip().lower()
    return word in NAMES or re.match(r"#|(rgb|hsl)a?\(", word) is not None


def parse_colour(text: str) -> tuple[int, int, int]:
    """Red, green and blue in 0 to 255 of a CSS colour.

    Args:
        text: a CSS name (``seagreen``), ``#rgb``, ``#rrggbb``, ``rgb(0, 177, 64)``,
            ``rgb(0 177 64)`` or ``rgb(0%, 69.4%, 25%)``; upper or lower case.

    Raises:
        SettingsError: it is none of these, or it has an alpha value.

    Source: CSS Color Module Level 4, sections 5 and 6.
    """
    word = text.strip().lower()
    if word in NAMES:
        return _from_digits(NAMES[word])
    if word.startswith("#"):
        return _from_hex(word)
    if match := re.fullmatch(r"rgba?\((.*)\)", word):
        return _from_function(match[1], text)
    raise SettingsError(f"{text!r} is not a colour: {_ALLOWED}.", _nearest(word))


class ColourBackdrop:
    """The same colour everywhere.

    Args:
        rgb: red, green and blue in 0 to 255, gamma-encoded, with sRGB's primaries.
    """

    def __init__(self, rgb: tuple[int, int, int]) -> None:
        self._rgb = rgb
        self._planes: Planes = ()

    def open(self, format: VideoFormat) -> None:
        """Make the planes, once."""
        # One column is worked out and spread. It has the full height because the matrix of
        # untagged video depends on it.
        column = np.empty((format.height, 1, 3), np.float32)
        column[:] = np.asarray(self._rgb, np.float32) / 255
        flat = planes_from_rgb(column, format.pixels, format.colour)
        self._planes = tuple(
            np.full(shape, plane[0, 0], plane.dtype)
            for plane, shape in zip(
                flat[: format.pixels.colour_planes], format.plane_shapes, strict=False
            )
        )

    def render(self, matte: Matte) -> Planes:
        """The planes made in ``open``; read-only."""
        return self._planes

    def close(self) -> None:
        """Nothing to release but the planes."""
        self._planes = ()


def _from_digits(digits: str) -> tuple[int, int, int]:
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _from_hex(word: str) -> tuple[int, int, int]:
    digits = word[1:]
    if re.fullmatch(r"[0-9a-f]+", digits):
        if len(digits) in {4, 8}:
            raise SettingsError(
                f"the colour {word} has an alpha value: a backdrop colour is opaque, "
                "#rgb or #rrggbb.",
                _NO_ALPHA,
            )
        if len(digits) == 3:
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) == 6:
            return _from_digits(digits)
    raise SettingsError(
        f"{word!r} is not a colour: # takes 3 or 6 hexadecimal digits.",
        "Write for example #00b140.",
    )


def _from_function(arguments: str, text: str) -> tuple[int, int, int]:
    values = re.split(r"\s*[,/]\s*|\s+", arguments.strip())
    if len(values) == 4:
        raise SettingsError(
            f"the colour {text!r} has an alpha value: a backdrop colour is opaque, "
            "rgb(red, green, blue).",
            _NO_ALPHA,
        )
    if len(values) != 3 or not all(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)%?", v) for v in values):
        raise SettingsError(
            f"{text!r} is not a colour: rgb() takes three numbers from 0 to 255, or three "
            "percentages.",
            "Write for example rgb(0, 177, 64).",
        )
    red, green, blue = (_channel(value) for value in values)
    return red, green, blue


def _channel(value: str) -> int:
    """One number or percentage in 0 to 255; what lies outside is clipped, as CSS says."""
    number = float(value[:-1]) * 255 / 100 if value.endswith("%") else float(value)
    return int(min(max(number, 0.0), 255.0) + 0.5)


def _nearest(word: str) -> str:
    close = difflib.get_close_matches(word, NAMES, n=3, cutoff=0.7)
    if not close:
        return "Write for example seagreen or #00b140."
    return f"Did you mean {' or '.join(close)}?"
