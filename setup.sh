#!/usr/bin/env bash
# Makes a fresh checkout ready to use: packages, and a software Vulkan driver where the machine has no GPU that WebGPU can
# use. May be run again at any time, which takes a few seconds. One line per step; details go to a log that is named on
# failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

log=$(mktemp -t sonde-setup.XXXXXX)
# lavapipe complains on every start without a private runtime folder.
runtime=$(mktemp -d -t sonde-runtime.XXXXXX)
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$runtime}"
trap 'rm -rf "$runtime"' EXIT

fail() {
  printf 'setup: %s\n' "$1" >&2
  if [[ -s $log ]]; then
    printf 'setup: the last lines of %s:\n' "$log" >&2
    tail -n 15 "$log" | sed 's/^/  /' >&2
  fi
  exit 1
}

# --- Node.js ---------------------------------------------------------------------------------------------------------
wanted=20.19.0
command -v node >/dev/null || fail "Node.js is missing; install version $wanted or newer."
command -v npm >/dev/null || fail "npm is missing, which belongs to Node.js; install it beside $(command -v node)."
node_version=$(node -p process.versions.node)
if [[ $(printf '%s\n' "$wanted" "$node_version" | sort -V | head -n 1) != "$wanted" ]]; then
  fail "Node.js is $node_version, and $wanted or newer is needed; install a newer one."
fi
echo "Node.js   $node_version"

# --- Packages --------------------------------------------------------------------------------------------------------
# Not `npm ci`, which refuses the lock file wherever a registry mirror lacks the packages of other platforms. This installs the
# same locked versions, leaves the lock file alone, and has nothing to do the second time.
npm install --no-save --no-audit --no-fund --loglevel=error >>"$log" 2>&1 || fail 'npm install did not succeed.'
echo "Packages  $(node -p 'Object.keys(require("./node_modules/.package-lock.json").packages).length') installed"

# ONNX Runtime checks exported models in the tests. Its install script would fetch a CUDA build, so it is left out. Without it
# everything works, and those tests are skipped.
if npm install --prefix test/onnxruntime --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >>"$log" 2>&1; then
  echo 'ONNX      Runtime installed for the tests'
else
  echo 'ONNX      Runtime could not be installed; tests of exported models will be skipped'
fi

# --- GPU -------------------------------------------------------------------------------------------------------------
# Sets `adapter` to the adapter's name. Status 3 is Dawn's plain "none"; anything else is another fault.
adapter=''
ask_for_adapter() {
  local status=0
  adapter=$(node scripts/adapter.mjs 2>>"$log") || status=$?
  if ((status != 0 && status != 3)); then fail 'Dawn, the WebGPU implementation, does not run on this machine.'; fi
  return "$status"
}

if ! ask_for_adapter; then
  if [[ -n ${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}} ]]; then
    fail "no WebGPU adapter with the Vulkan driver ${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}, which VK_DRIVER_FILES or \
VK_ICD_FILENAMES demands; unset it or let it name a driver that works."
  fi
  echo 'GPU       none; installing a software Vulkan driver'
  bash scripts/software-vulkan.sh >>"$log" || fail 'no software Vulkan driver could be installed.'
  ask_for_adapter || fail "a software Vulkan driver was installed, and WebGPU still finds no adapter; 'vulkaninfo', of the \
package vulkan-tools, tells what the Vulkan loader sees."
fi
echo "GPU       $adapter"

rm -f "$log"
echo 'Ready.'
