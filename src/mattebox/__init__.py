"""mattebox: background replacement for video and stills, without a green screen.

Names are loaded when they are first used: ``mattebox --help`` needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mattebox.api import compose, composites, replace_background
    from mattebox.errors import (
        DecodeError,
        DeviceLost,
        FrameError,
        MatteboxError,
        PipelineError,
        SegmenterError,
        SettingsError,
        SinkError,
        SinkRefused,
        SourceError,
        SourceNotFound,
        StageHung,
        WeightsError,
    )
    from mattebox.frame import Frame, Matte, VideoFormat
    from mattebox.report import Progress, Report
    from mattebox.settings import Settings

__all__ = [
    "DecodeError",
    "DeviceLost",
    "Frame",
    "FrameError",
    "Matte",
    "MatteboxError",
    "PipelineError",
    "Progress",
    "Report",
    "SegmenterError",
    "Settings",
    "SettingsError",
    "SinkError",
    "SinkRefused",
    "SourceError",
    "SourceNotFound",
    "StageHung",
    "VideoFormat",
    "WeightsError",
    "compose",
    "composites",
    "replace_background",
]

# In this order: settings load pydantic, the API loads settings.
_HOMES = ("errors", "report", "frame", "settings", "api")


def __getattr__(name: str) -> object:
    if name in __all__:
        for home in _HOMES:
            module = import_module(f"mattebox.{home}")
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'mattebox' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
