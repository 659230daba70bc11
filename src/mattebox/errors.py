"""Every error that mattebox raises on purpose, and nothing else.

::

    MatteboxError
    ├── SettingsError (ValueError)         a key, a value or a combination that cannot work
    ├── FrameError (ValueError)            planes that do not fit their format
    ├── SourceError                        the input, the backdrop or the saved matte
    │   ├── SourceNotFound (FileNotFoundError)
    │   ├── DecodeError                    there, but cannot be read
    │   └── DeviceLost                     was there, and went away
    ├── SegmenterError                     the network or its device
    │   └── WeightsError                   a checkpoint missing, damaged or of another network
    ├── SinkError                          writing failed
    │   ├── SinkRefused (ValueError)       writing cannot even begin
    │   └── SinkClosed                     somebody has closed what was shown: an end, and no fault
    └── PipelineError                      the data path itself
        └── StageHung                      a stage did not stop in time

A message has four parts: what could not be done, the value seen, what is allowed or present, and,
as ``advice``, the next step. Errors of outside libraries are translated in the file that calls
them, with the cause kept.
"""

from __future__ import annotations


class MatteboxError(Exception):
    """The root of the tree.

    Args:
        message: what could not be done, the value seen, and what is allowed or present.
        advice: the next step, as one or more sentences; empty where there is none.
    """

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message, advice)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message}\n  {self.advice}" if self.advice else self.message


class SettingsError(MatteboxError, ValueError):
    """A key, a value or a combination of settings that cannot work."""


class FrameError(MatteboxError, ValueError):
    """Planes that do not fit the format they claim to have."""


class SourceError(MatteboxError):
    """Something that is read: the input, the backdrop, a saved matte."""


class SourceNotFound(SourceError, FileNotFoundError):  # noqa: N818 (says what is, not that it errs)
    """There is nothing at that path, address or device number."""

    # FileNotFoundError would show errno and file name instead.
    __str__ = MatteboxError.__str__


class DecodeError(SourceError):
    """It is there, but it cannot be read as pictures."""


class DeviceLost(SourceError):  # noqa: N818
    """A camera or screen that was there went away."""


class SegmenterError(MatteboxError):
    """The network or the device it runs on."""


class WeightsError(SegmenterError):
    """A checkpoint that is missing, damaged, or made for another network."""


class SinkError(MatteboxError):
    """Writing failed on the way: disk full, device gone, encoder error."""


class SinkRefused(SinkError, ValueError):  # noqa: N818
    """Writing cannot begin: the format, the name or the place does not allow it."""


class SinkClosed(SinkError):  # noqa: N818
    """Somebody has closed what was shown, such as a window: an end, and no fault."""


class PipelineError(MatteboxError):
    """The data path itself failed."""


class StageHung(PipelineError):  # noqa: N818
    """A stage did not stop in time; its thread was given up."""
