"""A virtual camera, which other programs see as a webcam, through pyvirtualcam (extra: virtualcam).

I420 goes out as it is; nothing is converted but where a layout has to be. Called on one thread.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.sinks.i420 import i420
from mattebox.sinks.loopback import offer_again, offer_all_again

if TYPE_CHECKING:
    import pyvirtualcam

_USUAL_RATE = 30.0

_INSTEAD = (
    "Until then: -o window shows the picture in a window that a meeting can share, "
    "`mattebox studio` shows it in a browser, -o NAME.mp4 records it, and -o rtmp://HOST/APP/KEY "
    "sends it over the network."
)
_STEPS = {
    "linux": (
        "Install the module: sudo apt install v4l2loopback-dkms (Debian, Ubuntu) or the package "
        "v4l2loopback of your system. Then load it: sudo modprobe v4l2loopback devices=1 "
        'exclusive_caps=1 card_label="mattebox". Then see `mattebox doctor`.'
    ),
    "darwin": (
        "Install OBS Studio 30 or newer from obsproject.com, start it, click Start Virtual Camera "
        "once, allow its system extension in System Settings, click Stop and quit OBS."
    ),
    "win32": (
        "Install OBS Studio from obsproject.com; its installer brings the virtual camera along. "
        "Quit OBS: only one program at a time can send to it."
    ),
}


class VirtualCameraSink:
    """Sends every picture to a virtual camera.

    Attributes:
        device: the name of the device in use, once it is open.

    Args:
        device: the device to use, as the system calls it; None takes the first that is free.
        backend: pyvirtualcam's name of one; None tries all.
    """

    kept = None

    def __init__(self, device: str | None = None, backend: str | None = None) -> None:
        self._wanted, self._backend = device, backend
        self._camera: pyvirtualcam.Camera | None = None
        self.device = ""

    def open(self, format: VideoFormat) -> None:
        """Take the device, in I420 of that size.

        Raises:
            SinkRefused: the size is odd, pyvirtualcam is not installed, or there is no device.
        """
        if format.width % 2 or format.height % 2:
            raise SinkRefused(
                f"a virtual camera takes even sizes, not {format.width}×{format.height}.",
                "Ask the camera for another size, for example --set camera.height=720.",
            )
        self._camera = self._take(format)
        self.device = self._camera.device

    def write(self, frame: Frame) -> None:
        """Send one picture.

        Raises:
            SinkError: the device is gone.
        """
        if self._camera is None:
            raise SinkError("cannot send a picture: the virtual camera is not open.")
        try:
            self._camera.send(i420(frame))
        except (RuntimeError, OSError) as error:
            raise SinkError(
                f"the virtual camera {self.device} takes no more pictures: {error}.",
                "Load its module again, and start again.",
            ) from error

    def close(self) -> None:
        """Give the device back."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()
            offer_again(self.device, after_writing=True)

    def abort(self) -> None:
        """As ``close``."""
        self.close()

    def _take(self, format: VideoFormat) -> pyvirtualcam.Camera:
        try:
            import pyvirtualcam
        except ImportError as error:
            raise SinkRefused(
                "cannot open a virtual camera: pyvirtualcam is not installed (it is under the "
                "GPL, so that it comes only when asked for).",
                f"pip install 'mattebox[virtualcam]'. {_INSTEAD}",
            ) from error
        take = partial(
            pyvirtualcam.Camera,
            format.width,
            format.height,
            float(format.rate or _USUAL_RATE),
            fmt=pyvirtualcam.PixelFormat.I420,
            device=self._wanted,
            backend=self._backend,
        )
        try:
            try:
                return take()
            except RuntimeError:
                # A program that was killed may have left it so that nobody can have it.
                if not self._offered_again():
                    raise
                return take()
        except (RuntimeError, OSError, KeyError) as error:
            raise self._refused(error) from error

    def _offered_again(self) -> bool:
        if self._wanted is None:
            return offer_all_again()
        return offer_again(self._wanted, after_writing=False)

    def _refused(self, error: Exception) -> SinkRefused:
        wanted = f"the virtual camera {self._wanted}" if self._wanted else "a virtual camera"
        why = " ".join(str(error).split())
        if sys.platform == "linux" and self._wanted and Path(self._wanted).exists():
            return SinkRefused(
                f"cannot open {wanted}: {why}.",
                "It must be a v4l2loopback device that no other program sends to, and yours to "
                "write: sudo usermod -aG video $USER, then log in again.",
            )
        steps = _STEPS.get(sys.platform, "Install OBS Studio.")
        return SinkRefused(f"cannot open {wanted}: {why}.", f"{steps} {_INSTEAD}")
