"""The module behind a virtual camera on Linux, v4l2loopback: there, loaded, and as Chrome likes it.

Source: v4l2loopback's README for ``exclusive_caps``; the UEFI specification, 3.3, for SecureBoot.
"""

from __future__ import annotations

from collections.abc import Iterator

from mattebox.apps.doctor.finding import Finding, System, ok, warning

TOPIC = "v4l2loopback"
LOAD = 'sudo modprobe v4l2loopback devices=1 exclusive_caps=1 card_label="mattebox"'
_INSTALL = f"sudo apt install v4l2loopback-dkms && {LOAD}"
_RELOAD = f"Quit what uses the virtual camera, then: sudo modprobe -r v4l2loopback && {LOAD}"
_MODULE = "sys/module/v4l2loopback"
_SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
# Four bytes of attributes come first in every file of efivars.
_VALUE_AT = 4


def look_at_loopback(system: System) -> Iterator[Finding]:
    """Whether the module is loaded and how; if not, why not."""
    if system.platform != "linux":
        return
    if (system.root / _MODULE).is_dir():
        yield from _loaded(system)
    else:
        yield _not_loaded(system)
        yield from _secure_boot(system)


def _loaded(system: System) -> Iterator[Finding]:
    devices = len(system.found("sys/devices/virtual/video4linux", "video*"))
    if devices:
        yield ok(TOPIC, f"loaded, devices: {devices}")
    else:
        yield warning(TOPIC, "loaded, but without a device", _RELOAD)
    parameter = system.text(f"{_MODULE}/parameters/exclusive_caps")
    if parameter is None:
        yield warning(
            "exclusive_caps",
            "cannot be read",
            f"sudo cat /{_MODULE}/parameters/exclusive_caps must say Y.",
        )
        return
    # One letter for each device; the others are for devices that might still come.
    if "N" in parameter.split(",")[: max(1, devices)]:
        what = f"{parameter}: Chrome, Teams and Meet do not list the virtual camera"
        yield warning("exclusive_caps", what, _RELOAD)
    else:
        yield ok("exclusive_caps", "on")


def _not_loaded(system: System) -> Finding:
    if "/v4l2loopback.ko" in (system.text(f"lib/modules/{system.kernel}/modules.dep") or ""):
        return warning(TOPIC, "installed, but not loaded: no virtual camera", LOAD)
    if (system.root / "var/lib/dkms/v4l2loopback").is_dir():
        return warning(
            TOPIC,
            f"installed, but not built for the kernel that runs ({system.kernel})",
            f"sudo apt install linux-headers-{system.kernel} && sudo dkms autoinstall && {LOAD}",
        )
    return warning(TOPIC, "not installed: no virtual camera", _INSTALL)


def _secure_boot(system: System) -> Iterator[Finding]:
    try:
        value = (system.root / _SECURE_BOOT).read_bytes()[_VALUE_AT:]
    except FileNotFoundError:
        return
    except OSError:
        yield warning("secure boot", "cannot be read", "mokutil --sb-state")
        return
    if value[:1] == b"\x01":
        yield warning(
            "secure boot",
            "on: a module that was not signed with an enrolled key is refused "
            '("Key was rejected by service")',
            "sudo mokutil --import /var/lib/dkms/mok.pub, restart, choose Enroll MOK, and load "
            "the module again.",
        )
    else:
        yield ok("secure boot", "off")
