#!/usr/bin/env bash
# Runs a command in a root of its own with Mesa 26's Vulkan drivers, which need a newer C library than Debian 12 or Ubuntu 24.04 has:
#
#   bash scripts/driver-root.sh [--install PACKAGE]… [VARIABLE=VALUE]… COMMAND [ARGUMENT…]
#
# The root is Debian 13 with packages of its backports suite (0.7 GB, two minutes the first time), in SONDE_DRIVER_ROOT, else
# /var/cache/sonde/matrix-driver. Needs root, for chroot and mounts, and Debian or Ubuntu, for debootstrap. The command sees the
# present folder under the same path, Node.js, and no variables but those given. Several may run at once. Exits with 3, and one
# sentence, where such a root cannot be had.
set -euo pipefail

root=${SONDE_DRIVER_ROOT:-/var/cache/sonde/matrix-driver}
packages=(mesa-vulkan-drivers libvulkan1)
while [[ ${1:-} == --install ]]; do packages+=("$2"); shift 2; done
(($# > 0)) || { echo 'usage: bash scripts/driver-root.sh [--install PACKAGE]… [VARIABLE=VALUE]… COMMAND [ARGUMENT…]' >&2; exit 2; }

log=$(mktemp -t sonde-driver-root.XXXXXX)
trap 'rm -f "$log"' EXIT
# shellcheck source=apt.sh
source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

unavailable() {
  printf 'driver-root: %s\n' "$1" >&2
  if [[ -s $log ]]; then tail -n 5 "$log" >&2; fi
  exit 3
}

((EUID == 0)) || unavailable 'Mesa 26 is installed into a root of its own, and that takes root; run this with sudo.'

in_root() {
  chroot "$root" env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

missing_packages() {
  local package
  for package in "${packages[@]}"; do
    compgen -G "$root/var/lib/dpkg/info/$package.list" >/dev/null ||
      compgen -G "$root/var/lib/dpkg/info/$package:*.list" >/dev/null || echo "$package"
  done
}

install_packages() {
  command -v debootstrap >/dev/null || { apt update && apt install --no-install-recommends debootstrap; }
  [[ -e $root/etc/apt/sources.list ]] || debootstrap --variant=minbase --include=ca-certificates trixie "$root"
  sed 's/ trixie main/ trixie-backports main/' "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/backports.list"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  in_root apt-get --quiet update
  in_root apt-get --quiet --yes install --no-install-recommends -t trixie-backports "${packages[@]}"
}

if [[ -n $(missing_packages) ]]; then
  mkdir -p "$root" 2>>"$log" || unavailable "cannot make the folder $root."
  # One process installs, the others wait for it and find nothing missing.
  exec 9>"$root/.installing"
  flock 9
  if [[ -n $(missing_packages) ]]; then
    echo "driver-root: installing $(missing_packages | paste -sd ' ')" >&2
    # In a process of its own, since what follows || does not stop at errors.
    (set -e; install_packages) >>"$log" 2>&1 &
    wait $! || unavailable "cannot install Mesa's drivers into $root"
  fi
  exec 9>&-
fi

# The mounts are private to the command, so that they end with it and several commands do not disturb each other.
node=$(readlink -f "$(command -v node)")
mkdir -p "$root$PWD"
[[ -e $root/usr/local/bin/node ]] || touch "$root/usr/local/bin/node"
unshare --mount --propagation private true 2>>"$log" || unavailable 'this machine lets nobody mount folders (unshare failed).'
rm -f "$log"
exec unshare --mount --propagation private bash -c '
  root=$1 node=$2
  shift 2
  mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" && mount --bind "$PWD" "$root$PWD" &&
    mount --bind "$node" "$root/usr/local/bin/node" ||
    { echo "driver-root: cannot mount folders below $root" >&2; exit 3; }
  exec chroot "$root" env -i HOME=/root PATH="$PWD/node_modules/.bin:/usr/local/bin:/usr/bin:/bin" XDG_RUNTIME_DIR=/tmp \
    bash -c "cd \"\$1\" && shift && exec env \"\$@\"" _ "$PWD" "$@"
' _ "$root" "$node" "$@"
