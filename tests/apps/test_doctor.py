"""The doctor, on small made-up systems."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mattebox.apps.cli import app
from mattebox.apps.doctor import encoders
from mattebox.apps.doctor.desktop import look_at_display, look_at_extras, look_at_obs
from mattebox.apps.doctor.encoders import judge_nvenc, why_not_open
from mattebox.apps.doctor.finding import Finding, System
from mattebox.apps.doctor.gpu import TorchBuild, look_at_gpu
from mattebox.apps.doctor.installation import writable
from mattebox.apps.doctor.loopback import look_at_loopback
from mattebox.apps.doctor.video_nodes import look_at_video_nodes

KERNEL = "6.1.0-test"
SECURE_BOOT = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
CPU_BUILD = TorchBuild(None, 0, has_mps=False)
CUDA_BUILD = TorchBuild("12.8", 0, has_mps=False)


def put(root: Path, path: str, contents: str | bytes = "") -> None:
    """A file with its folders."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(contents.encode() if isinstance(contents, str) else contents)


def put_process(root: Path, pid: int, name: str, *opened: str) -> None:
    """A process that has files open."""
    put(root, f"proc/{pid}/comm", f"{name}\n")
    (root / f"proc/{pid}/fd").mkdir()
    for number, target in enumerate(opened):
        (root / f"proc/{pid}/fd/{number}").symlink_to(target)


def system(root: Path, **environment: str) -> System:
    return System(root, kernel=KERNEL, environment=environment, may_use=lambda _path: True)


def by_topic(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.topic: finding for finding in findings}


def test_a_module_that_is_missing_is_installed(tmp_path: Path) -> None:
    """An empty system: what to install and how to load it."""
    found = by_topic(look_at_loopback(system(tmp_path)))
    assert list(found) == ["v4l2loopback"]
    assert found["v4l2loopback"].state == "warning"
    assert found["v4l2loopback"].fix.startswith("sudo apt install v4l2loopback-dkms")


def test_a_module_that_is_installed_is_loaded(tmp_path: Path) -> None:
    """Nothing is installed again."""
    put(tmp_path, f"lib/modules/{KERNEL}/modules.dep", "updates/dkms/v4l2loopback.ko.xz: a.ko\n")
    fix = by_topic(look_at_loopback(system(tmp_path)))["v4l2loopback"].fix
    assert fix.startswith("sudo modprobe v4l2loopback")
    assert "exclusive_caps=1" in fix


def test_a_module_of_another_kernel_is_built_again(tmp_path: Path) -> None:
    """After an update of the kernel without its headers."""
    put(tmp_path, "lib/modules/5.0/modules.dep", "updates/dkms/v4l2loopback.ko: a.ko\n")
    put(tmp_path, "var/lib/dkms/v4l2loopback/0.12/source")
    finding = by_topic(look_at_loopback(system(tmp_path)))["v4l2loopback"]
    assert f"linux-headers-{KERNEL}" in finding.fix


@pytest.mark.parametrize(
    ("devices", "parameter", "state"),
    [
        (1, "Y,N,N,N,N,N,N,N", "ok"),
        (1, "N,N,N,N,N,N,N,N", "warning"),
        (2, "Y,N,N,N,N,N,N,N", "warning"),
        (2, "Y,Y,N,N,N,N,N,N", "ok"),
    ],
)
def test_exclusive_caps_is_judged_for_the_devices_that_are_there(
    tmp_path: Path, devices: int, parameter: str, state: str
) -> None:
    """The letters of devices that do not exist say nothing."""
    put(tmp_path, "sys/module/v4l2loopback/parameters/exclusive_caps", f"{parameter}\n")
    for number in range(devices):
        (tmp_path / f"sys/devices/virtual/video4linux/video{number}").mkdir(parents=True)
    found = by_topic(look_at_loopback(system(tmp_path)))
    assert found["v4l2loopback"].state == "ok"
    assert found["exclusive_caps"].state == state


def test_a_module_without_a_device_is_told(tmp_path: Path) -> None:
    """It is loaded and still there is no virtual camera."""
    put(tmp_path, "sys/module/v4l2loopback/parameters/exclusive_caps", "Y\n")
    found = by_topic(look_at_loopback(system(tmp_path)))
    assert found["v4l2loopback"].state == "warning"


def test_a_parameter_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A folder in its place cannot be read, whoever asks."""
    (tmp_path / "sys/module/v4l2loopback/parameters/exclusive_caps").mkdir(parents=True)
    found = by_topic(look_at_loopback(system(tmp_path)))
    assert found["exclusive_caps"].what == "cannot be read"


@pytest.mark.parametrize(("value", "state"), [(1, "warning"), (0, "ok")])
def test_secure_boot_is_a_reason_only_while_no_module_is_loaded(
    tmp_path: Path, value: int, state: str
) -> None:
    """Four bytes of attributes, then one that says on or off."""
    put(tmp_path, SECURE_BOOT, bytes([6, 0, 0, 0, value]))
    assert by_topic(look_at_loopback(system(tmp_path)))["secure boot"].state == state
    put(tmp_path, "sys/module/v4l2loopback/parameters/exclusive_caps", "Y\n")
    assert "secure boot" not in by_topic(look_at_loopback(system(tmp_path)))


def test_secure_boot_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """With the command that can."""
    (tmp_path / SECURE_BOOT).mkdir(parents=True)
    assert by_topic(look_at_loopback(system(tmp_path)))["secure boot"].fix == "mokutil --sb-state"


def test_who_holds_a_camera_is_named(tmp_path: Path) -> None:
    """By name and pid; a virtual camera that is in use is no trouble."""
    for number in range(3):
        put(tmp_path, f"dev/video{number}")
        put(tmp_path, f"sys/class/video4linux/video{number}/name", f"Camera {number}\n")
    (tmp_path / "sys/devices/virtual/video4linux/video2").mkdir(parents=True)
    put_process(tmp_path, 12, "obs", "/dev/video0", "/dev/video0", "/dev/null")
    put_process(tmp_path, 13, "zoom", "/dev/video0", "/dev/video2")
    put_process(tmp_path, 14, "other", "/dev/video00")
    found = by_topic(look_at_video_nodes(system(tmp_path)))
    assert found["/dev/video0"].state == "warning"
    assert found["/dev/video0"].what == "Camera 0: held by obs (pid 12), zoom (pid 13)"
    assert found["/dev/video1"].what == "Camera 1, free"
    assert found["/dev/video2"].state == "ok"
    assert found["/dev/video2"].what == "Camera 2, virtual, in use by zoom (pid 13)"


def test_processes_that_cannot_be_looked_into_are_counted(tmp_path: Path) -> None:
    """A file in the place of the folder cannot be listed, whoever asks; one that ended is none."""
    put(tmp_path, "dev/video0")
    put(tmp_path, "proc/21/fd")
    (tmp_path / "proc/22").mkdir()
    found = by_topic(look_at_video_nodes(system(tmp_path)))
    assert found["who holds cameras"].what.startswith("1 ")
    assert found["/dev/video0"].what == "without a name, free"


def test_a_node_that_may_not_be_used_names_its_group(tmp_path: Path) -> None:
    """The fix is to join the group that the node belongs to."""
    put(tmp_path, "dev/video0")
    no_rights = System(tmp_path, may_use=lambda _path: False)
    finding = by_topic(look_at_video_nodes(no_rights))["/dev/video0"]
    assert finding.state == "warning"
    assert f"-aG {(tmp_path / 'dev/video0').group()} $USER" in finding.fix


def test_no_node_is_told(tmp_path: Path) -> None:
    """Without a camera there is no folder even."""
    assert by_topic(look_at_video_nodes(system(tmp_path)))["cameras"].state == "warning"


def test_obs_on_macos_is_asked_for_its_extension(tmp_path: Path) -> None:
    """Not there, there without the extension, there with it."""
    mac = System(tmp_path, platform="darwin")

    def finding() -> Finding:
        return by_topic(look_at_obs(mac))["OBS virtual camera"]

    assert "brew install" in finding().fix
    (tmp_path / "Applications/OBS.app").mkdir(parents=True)
    assert "brew" not in finding().fix
    assert finding().state == "warning"
    name = "com.obsproject.obs-studio.mac-camera-extension.systemextension"
    (tmp_path / "Library/SystemExtensions/0A-1B" / name).mkdir(parents=True)
    assert finding().state == "ok"


def test_obs_on_windows_is_looked_for_where_it_is_installed(tmp_path: Path) -> None:
    """The module of its virtual camera."""
    windows = System(tmp_path, platform="win32")
    assert by_topic(look_at_obs(windows))["OBS virtual camera"].fix.startswith("winget install")
    folder = "Program Files/obs-studio/data/obs-plugins/win-dshow"
    put(tmp_path, f"{folder}/obs-virtualcam-module64.dll")
    assert by_topic(look_at_obs(windows))["OBS virtual camera"].state == "ok"


@pytest.mark.parametrize("look", [look_at_loopback, look_at_video_nodes, look_at_display])
def test_only_linux_is_asked_about_what_only_linux_has(
    tmp_path: Path, look: Callable[[System], Iterator[Finding]]
) -> None:
    """No word about modules on another system."""
    assert list(look(System(tmp_path, platform="win32"))) == []
    assert list(look(System(tmp_path, platform="linux"))) != []


def test_the_display_is_told(tmp_path: Path) -> None:
    """X11 serves both; Wayland with X11 the window only; nothing serves neither."""
    x11 = by_topic(look_at_display(system(tmp_path, DISPLAY=":0")))["display"]
    both = by_topic(look_at_display(system(tmp_path, DISPLAY=":0", WAYLAND_DISPLAY="w")))["display"]
    none = by_topic(look_at_display(system(tmp_path)))["display"]
    assert [x11.state, both.state, none.state] == ["ok", "warning", "warning"]
    assert "-o window" not in both.what
    assert "-o window" in none.what


def test_extras_are_told_with_their_own_names(tmp_path: Path) -> None:
    """The extra that brings the module, not the module."""
    bare = System(tmp_path, is_installed=lambda _module: False)
    full = System(tmp_path, is_installed=lambda _module: True)
    fixes = {finding.fix for finding in look_at_extras(bare)}
    assert fixes == {
        f"pip install 'mattebox[{extra}]'" for extra in ("virtualcam", "studio", "metrics")
    }
    assert {finding.state for finding in look_at_extras(full)} == {"ok"}


def gpu(root: Path, build: TorchBuild, **environment: str) -> Finding:
    return by_topic(look_at_gpu(system(root, **environment), build))["GPU"]


def test_why_a_gpu_is_not_used_is_told(tmp_path: Path) -> None:
    """No GPU, no driver, a build for CPUs, hidden, none seen; in the order of what comes first."""
    assert gpu(tmp_path, CPU_BUILD).state == "ok"
    put(tmp_path, "sys/bus/pci/devices/0000:00:1f.3/vendor", "0x10de\n")
    put(tmp_path, "sys/bus/pci/devices/0000:00:1f.3/class", "0x040300\n")
    assert gpu(tmp_path, CPU_BUILD).state == "ok", "a sound device is no GPU"
    put(tmp_path, "sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n")
    put(tmp_path, "sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n")
    assert "driver" in gpu(tmp_path, CPU_BUILD).what
    put(
        tmp_path,
        "proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar 5\n",
    )
    assert "build for CPUs" in gpu(tmp_path, CPU_BUILD).what
    assert "hidden" in gpu(tmp_path, CUDA_BUILD, CUDA_VISIBLE_DEVICES="").what
    assert "driver 550.54.15" in gpu(tmp_path, CUDA_BUILD).what
    assert gpu(tmp_path, TorchBuild("12.8", 1, has_mps=False)).state == "ok"


def test_an_encoder_of_the_gpu_is_missed_only_where_there_is_one() -> None:
    """Without a driver it is no trouble."""
    assert judge_nvenc("h264_nvenc", "H.264", "Cannot load libcuda.so.1", None).state == "ok"
    assert judge_nvenc("h264_nvenc", "H.264", "", "550").state == "ok"
    refused = judge_nvenc("h264_nvenc", "H.264", "OpenEncodeSession failed", "550")
    assert refused.state == "warning"
    assert "OpenEncodeSession failed" in refused.what


def test_an_encoder_is_opened_and_not_only_looked_up() -> None:
    """A software encoder opens; one that is given what it does not take says why."""
    assert why_not_open("libx264") == ""
    assert why_not_open("prores_ks") != "", "it takes no 4:2:0"


def test_a_missing_encoder_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files cannot be written then."""
    monkeypatch.setitem(encoders._ENCODERS, "no_such_encoder", "nothing")
    found = by_topic(encoders.look_at_encoders(system(tmp_path)))
    assert found["encoder no_such_encoder"].state == "problem"
    assert found["encoder libx264"].state == "ok"


def test_a_folder_that_is_not_there_yet_is_judged_by_the_one_above(tmp_path: Path) -> None:
    """It is made when it is needed; below a file it cannot be."""
    put(tmp_path, "file")
    assert writable("folder", tmp_path / "a/b", "fix").state == "ok"
    assert writable("folder", tmp_path / "file/b", "fix").state == "problem"


def test_the_command_tells_everything_as_json() -> None:
    """The real one, on this computer: four fields, three states, a fix where there is trouble."""
    told = CliRunner().invoke(app, ["doctor", "--json"])
    findings = json.loads(told.stdout)
    assert told.exit_code == (5 if any(f["state"] == "problem" for f in findings) else 0)
    for finding in findings:
        assert set(finding) == {"topic", "state", "what", "fix"}
        assert bool(finding["fix"]) == (finding["state"] != "ok"), finding
    assert {"weights", "GPU", "encoder h264_nvenc"} <= {f["topic"] for f in findings}


def test_a_problem_ends_the_command_with_5(monkeypatch: pytest.MonkeyPatch) -> None:
    """As documented; the mark and the fix are shown to a person."""
    monkeypatch.setitem(encoders._ENCODERS, "no_such_encoder", "nothing")
    told = CliRunner().invoke(app, ["doctor"])
    assert told.exit_code == 5
    assert "✗ encoder no_such_encoder: missing" in told.stdout
    assert "pip install --force-reinstall" in told.stdout
