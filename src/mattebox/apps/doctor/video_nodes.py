"""The nodes ``/dev/video*`` on Linux: whether they may be used, and who holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mattebox.apps.doctor.finding import Finding, System, ok, warning


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has nodes open.

    Attributes:
        by_node: for ``/dev/video0`` and so on, the programs as ``name (pid 12)``.
        hidden: how many processes could not be looked into.
    """

    by_node: Mapping[str, list[str]]
    hidden: int


def look_at_video_nodes(system: System) -> Iterator[Finding]:
    """Each node, and how many processes could not be asked about them."""
    if system.platform != "linux":
        return
    nodes = system.found("dev", "video*")
    if not nodes:
        yield warning("cameras", "no /dev/video*", "Plug a camera in; see sudo dmesg | tail.")
        return
    holders = find_holders(system)
    for node in nodes:
        yield from _look_at(system, node, holders.by_node.get(f"/dev/{node.name}", []))
    if holders.hidden:
        yield ok(
            "who holds cameras",
            f"{holders.hidden} processes of others could not be looked into; as root they can",
        )


def find_holders(system: System) -> Holders:
    """Look through the open files of every process."""
    by_node: dict[str, list[str]] = {}
    hidden = 0
    for process in system.found("proc", "[0-9]*"):
        try:
            targets = set(_open_files(process / "fd"))
        except FileNotFoundError:
            continue  # it has ended meanwhile
        except OSError:
            hidden += 1
            continue
        name = system.text(f"proc/{process.name}/comm") or "a program"
        for target in targets:
            by_node.setdefault(target, []).append(f"{name} (pid {process.name})")
    return Holders(by_node, hidden)


def _open_files(folder: Path) -> Iterator[str]:
    for link in folder.iterdir():
        try:
            # Not resolved: it names a file of the system that runs, whatever the root is.
            target = str(link.readlink())
        except FileNotFoundError:
            continue  # closed meanwhile
        if target.startswith("/dev/video"):
            yield target


def _look_at(system: System, node: Path, holders: list[str]) -> Iterator[Finding]:
    topic, name = f"/dev/{node.name}", _name(system, node)
    if not system.may_use(node):
        group = _group(node)
        fix = f"sudo usermod -aG {group} $USER, then log out and in again."
        yield warning(topic, f"{name}: you may not read and write it (group {group})", fix)
    is_virtual = (system.root / "sys/devices/virtual/video4linux" / node.name).is_dir()
    if holders and not is_virtual:
        who = ", ".join(holders)
        yield warning(
            topic,
            f"{name}: held by {who}",
            "Quit that program: most cameras give pictures to one only.",
        )
    elif holders:
        yield ok(topic, f"{name}, virtual, in use by {', '.join(holders)}")
    elif system.may_use(node):
        yield ok(topic, f"{name}{', virtual' if is_virtual else ''}, free")


def _name(system: System, node: Path) -> str:
    return system.text(f"sys/class/video4linux/{node.name}/name") or "without a name"


def _group(node: Path) -> str:
    try:
        return node.group()
    except (KeyError, OSError, NotImplementedError):
        return "video"
