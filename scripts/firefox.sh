#!/usr/bin/env bash
# Installs Firefox ESR where there is none, on Debian: what `npm run test:firefox` needs. It has WebGPU by wgpu, on the Vulkan driver
# that ./setup.sh sees to. Details go to standard output, the one sentence of a failure to standard error.
set -euo pipefail

fail() {
  printf 'firefox: %s\n' "$1" >&2
  exit 1
}

# shellcheck source=apt.sh
source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

for browser in "${FIREFOX:-firefox-esr}" firefox; do
  if command -v "$browser" >/dev/null; then
    echo "Browser   $("$browser" --version)"
    exit 0
  fi
done
command -v apt-get >/dev/null || fail 'this is for Debian; elsewhere install Firefox and let FIREFOX name it.'
apt update || fail 'apt-get update did not succeed; see to the package sources in /etc/apt.'
apt install --no-install-recommends firefox-esr || fail 'apt-get could not install firefox-esr.'
echo "Browser   $(firefox-esr --version)"
