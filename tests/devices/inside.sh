#!/usr/bin/env bash
# Inside of the small system: devices get their stable names, then the tests of this folder run.
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1 MATTEBOX_REQUIRE=devices
/lib/systemd/systemd-udevd --daemon
modprobe vivid n_devs=1 node_types=0x1 vid_cap_nr=0
modprobe v4l2loopback devices=1 video_nr=9 exclusive_caps=1 card_label=mattebox
udevadm trigger && udevadm settle
exec .venv/bin/python -m pytest -p no:cacheprovider --timeout=600 tests/devices "$@"
