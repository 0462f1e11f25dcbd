#!/usr/bin/env bash
# Installs Chromium where there is none, on Debian: what `npm run test:browser` needs. Its package has a software adapter for
# WebGPU in it. Details go to standard output, the one sentence of a failure to standard error.
set -euo pipefail

fail() {
  printf 'chromium: %s\n' "$1" >&2
  exit 1
}

# shellcheck source=apt.sh
source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

for browser in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
  if command -v "$browser" >/dev/null; then
    echo "Browser   $("$browser" --version)"
    exit 0
  fi
done
command -v apt-get >/dev/null || fail 'this is for Debian; elsewhere install Chromium or Chrome and let CHROMIUM name it.'
apt update || fail 'apt-get update did not succeed; see to the package sources in /etc/apt.'
apt install --no-install-recommends chromium || fail 'apt-get could not install chromium.'
echo "Browser   $(chromium --version)"
