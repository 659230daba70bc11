"""What a live session shows itself through: OBS, the display, and packages that are extras."""

from __future__ import annotations

from collections.abc import Iterator

from mattebox.apps.doctor.finding import Finding, System, ok, warning

_EXTENSION = "com.obsproject.obs-studio.mac-camera-extension*"
_WINDOWS_CAMERA = "Program Files/obs-studio/data/obs-plugins/win-dshow/obs-virtualcam-module64.dll"
_ALLOW = (
    "Start OBS, click Start Virtual Camera, allow the extension in System Settings > General > "
    "Login Items & Extensions > Camera Extensions, click Stop and quit OBS."
)
# Extra, module, and what it is for.
_EXTRAS = (
    ("virtualcam", "pyvirtualcam", "-o virtual"),
    ("studio", "nicegui", "mattebox studio"),
    ("metrics", "prometheus_client", "mattebox live --metrics"),
)


def look_at_obs(system: System) -> Iterator[Finding]:
    """OBS's virtual camera, which macOS and Windows need."""
    topic = "OBS virtual camera"
    if system.platform == "darwin":
        if not (system.root / "Applications/OBS.app").is_dir():
            yield warning(topic, "OBS is not installed", f"brew install --cask obs. {_ALLOW}")
        elif system.found("Library/SystemExtensions", f"*/{_EXTENSION}"):
            yield ok(topic, "its system extension is there")
        else:
            yield warning(topic, "OBS is installed, its system extension is not", _ALLOW)
    elif system.platform == "win32":
        if (system.root / _WINDOWS_CAMERA).is_file():
            yield ok(topic, "installed")
        else:
            yield warning(topic, "not installed", "winget install OBSProject.OBSStudio")


def look_at_display(system: System) -> Iterator[Finding]:
    """Whether a window can be shown and the screen be taken, on Linux."""
    if system.platform != "linux":
        return
    x11, wayland = (system.environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if wayland:
        yield warning(
            "display",
            f"Wayland ({wayland}): -i screen sees X11 programs only"
            if x11
            else f"Wayland ({wayland}) without X11: neither -o window nor -i screen",
            "Log in to an X11 session, or for -o window only install xwayland.",
        )
    elif x11:
        yield ok("display", f"X11 ({x11})")
    else:
        yield warning(
            "display",
            "none: neither -o window nor -i screen",
            "Start mattebox in a terminal of the desktop; over ssh first: export DISPLAY=:0",
        )


def look_at_extras(system: System) -> Iterator[Finding]:
    """The packages that come only when asked for."""
    for extra, module, use in _EXTRAS:
        if system.is_installed(module):
            yield ok(module, f"installed, for {use}")
        else:
            yield warning(module, f"not installed: no {use}", f"pip install 'mattebox[{extra}]'")
