"""All the doctor's looks, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

from mattebox.apps.doctor import desktop, encoders, gpu, installation, loopback, video_nodes
from mattebox.apps.doctor.finding import Finding, System


def look_at_everything(system: System) -> Iterator[Finding]:
    """What mattebox needs first, then what a live session needs."""
    yield from installation.look_at_versions()
    yield from installation.look_at_devices()
    yield from gpu.look_at_gpu(system, gpu.TorchBuild.here())
    yield from encoders.look_at_encoders(system)
    yield from installation.look_at_weights()
    yield from installation.look_at_folders()
    yield from video_nodes.look_at_video_nodes(system)
    yield from loopback.look_at_loopback(system)
    yield from desktop.look_at_obs(system)
    yield from desktop.look_at_display(system)
    yield from desktop.look_at_extras(system)
