#!/usr/bin/env bash
# Boots a small system under QEMU that has a test camera (vivid) and a virtual camera
# (v4l2loopback), and runs the tests of this folder in it. As root, on Debian: kernel, headers and
# module come from its packages, and are kept in .devices/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
kept="$root/.devices"
log="$kept/last.log"
modules="virtio_pci 9pnet_virtio 9p overlay virtio_rng vivid v4l2loopback"

say() { echo "devices: $*" >&2; }

install_programs() {
    local missing=()
    command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
    [ -x /bin/busybox ] && busybox --list | grep -qx ifconfig || missing+=(busybox-static)
    command -v v4l2-ctl >/dev/null || missing+=(v4l-utils)
    [ -x /lib/systemd/systemd-udevd ] || missing+=(udev)
    [ -x /sbin/modprobe ] || missing+=(kmod)
    command -v cpio >/dev/null || missing+=(cpio)
    [ ${#missing[@]} -eq 0 ] && return
    say "installing ${missing[*]}"
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

fetch() { (cd "$kept/packages" && apt-get download -qq -o APT::Sandbox::User=root "$@"); }

needed() { apt-cache depends "$1" | awk '/Depends: '"$2"'/{print $2; exit}'; }

# The kernel, and the module built for it, in $kept/system.
build_system() {
    [ -e "$kept/system/ready" ] && return
    say "fetching a kernel and building v4l2loopback"
    rm -rf "$kept" && mkdir -p "$kept/packages" "$kept/system"
    local image headers version
    image=$(needed linux-image-amd64 linux-image)
    version=${image#linux-image-}
    headers=linux-headers-$version
    fetch "$image" "$headers" "$(needed "$headers" 'linux-headers-.*-common')" \
        "$(needed "$headers" linux-kbuild)" v4l2loopback-dkms
    for package in "$kept"/packages/*.deb; do dpkg-deb -x "$package" "$kept/system"; done
    local tree="$kept/system/usr/src/$headers" source
    source=$(echo "$kept"/system/usr/src/v4l2loopback-*)
    sed -i "s#/usr/src/#$kept/system/usr/src/#g" "$tree/Makefile"
    make -s -C "$tree" M="$source" modules >"$kept/build.log" 2>&1
    install -D "$source/v4l2loopback.ko" \
        "$kept/system/lib/modules/$version/extra/v4l2loopback.ko"
    /sbin/depmod -b "$kept/system" "$version"
    rm -r "$kept/packages"
    echo "$version" >"$kept/system/ready"
}

# What the kernel starts with: busybox, the modules and init.
build_start() {
    local version start
    version=$(cat "$kept/system/ready")
    start=$(mktemp -d)
    mkdir -p "$start"/{bin,proc,sys,dev,lib/modules/"$version"}
    cp /bin/busybox "$start/bin/"
    cp "$here/init" "$start/init"
    cp "$kept/system/lib/modules/$version"/modules.{order,builtin,builtin.modinfo} "$start/lib/modules/$version/"
    for module in $modules; do
        /sbin/modprobe -d "$kept/system" -S "$version" --show-depends "$module"
    done | awk '/^insmod/{print $2}' | sort -u | while read -r file; do
        install -D "$file" "$start/${file#"$kept/system/"}"
    done
    /sbin/depmod -b "$start" "$version"
    (cd "$start" && find . | cpio -o -H newc --quiet | gzip -1) >"$kept/start.gz"
    rm -r "$start"
}

boot() {
    local version command
    version=$(cat "$kept/system/ready")
    command="cd $root && exec tests/devices/inside.sh $*"
    timeout "${DEVICES_TIMEOUT_S:-1500}" qemu-system-x86_64 \
        -accel tcg,thread=multi -cpu max -smp 2 -m 4096 -nographic -no-reboot -nic none \
        -kernel "$kept/system/boot/vmlinuz-$version" -initrd "$kept/start.gz" \
        -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
        -device virtio-9p-pci,fsdev=host,mount_tag=host -device virtio-rng-pci \
        -append "console=ttyS0 quiet panic=-1 COMMAND=$(echo "$command" | base64 -w0)" |
        tee "$log"
}

install_programs
build_system
build_start
boot "$@"
grep -q "DEVICE TESTS ENDED WITH 0" "$log"
