#!/usr/bin/env bash
# Runs a command on a software Vulkan driver that has matrix units, Mesa 26's lavapipe with f16 products of 8×8×8, so that kernels
# for tensor cores are tested without a GPU:
#
#   bash scripts/matrix-driver.sh node node_modules/vitest/vitest.mjs run test/kernels/rounding.test.ts
#
# The driver needs a newer C library than Debian 12 has, so it lives in a root of its own (0.7 GB, two minutes the first time),
# from Debian 13's backports suite. Needs root, for chroot and mounts, and Debian or Ubuntu, for debootstrap. The present folder
# is seen there under the same path. Exits with 3 where such a root cannot be had.
set -euo pipefail

root=${SONDE_MATRIX_ROOT:-/var/cache/sonde/matrix-driver}
icd=usr/share/vulkan/icd.d/lvp_icd.json
log=$(mktemp -t sonde-matrix-driver.XXXXXX)
# shellcheck source=apt.sh
source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

unavailable() {
  printf 'matrix-driver: %s\n' "$1" >&2
  if [[ -s $log ]]; then tail -n 5 "$log" >&2; fi
  exit 3
}

(($# > 0)) || { echo 'usage: bash scripts/matrix-driver.sh COMMAND [ARGUMENT…]' >&2; exit 2; }
((EUID == 0)) || unavailable 'needs root, to change it and to mount folders there'

in_root() {
  chroot "$root" env -i HOME=/root PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

install_driver() {
  command -v debootstrap >/dev/null || { apt update && apt install --no-install-recommends debootstrap; }
  [[ -e $root/etc/apt/sources.list ]] || debootstrap --variant=minbase --include=ca-certificates trixie "$root"
  sed 's/ trixie main/ trixie-backports main/' "$root/etc/apt/sources.list" >"$root/etc/apt/sources.list.d/backports.list"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  in_root apt-get --quiet update
  in_root apt-get --quiet --yes install --no-install-recommends -t trixie-backports mesa-vulkan-drivers libvulkan1
}

mounted=()
clean_up() {
  local folder
  for folder in "${mounted[@]}"; do umount "$folder" 2>/dev/null || true; done
  rm -f "$log"
}
trap clean_up EXIT

# Mounts FOLDER there, unless it is already.
provide() {
  local folder=$root$1
  shift
  mkdir -p "$folder"
  if mountpoint --quiet "$folder"; then return 0; fi
  mount "$@" "$folder" >>"$log" 2>&1 || unavailable "cannot mount $folder"
  mounted=("$folder" "${mounted[@]}")
}

if [[ ! -e $root/$icd ]]; then
  echo 'matrix-driver: installing a driver with matrix units' >&2
  mkdir -p "$root"
  # In a process of its own, since what follows || does not stop at errors.
  (set -e; install_driver) >>"$log" 2>&1 &
  wait $! || unavailable "cannot install a driver into $root"
fi
cp --update "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
here=$PWD
provide /proc -t proc proc
provide /dev --bind /dev
provide "$here" --bind "$here"
chroot "$root" env -i HOME=/root PATH="$here/node_modules/.bin:/usr/local/bin:/usr/bin:/bin" XDG_RUNTIME_DIR=/tmp \
  SONDE_TEST_CASES="${SONDE_TEST_CASES:-}" SONDE_MATRIX_UNITS=expected VK_DRIVER_FILES="/$icd" \
  bash -c 'cd "$1" && shift && "$@"' _ "$here" "$@"
