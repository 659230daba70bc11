"""mattebox: background replacement for video and stills, without a green screen."""

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
