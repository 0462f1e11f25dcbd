#!/usr/bin/env bash
# Runs a command on a software Vulkan driver that has matrix units, Mesa 26's lavapipe with f16 products of 8×8×8, so that kernels
# for tensor cores are tested without a GPU:
#
#   bash scripts/matrix-driver.sh node node_modules/vitest/vitest.mjs run test/kernels/rounding.test.ts
#
# The driver lives in a root of its own: scripts/driver-root.sh says what that needs. Exits with 3 where it cannot be had.
set -euo pipefail
(($# > 0)) || { echo 'usage: bash scripts/matrix-driver.sh COMMAND [ARGUMENT…]' >&2; exit 2; }
exec bash "$(dirname "${BASH_SOURCE[0]}")/driver-root.sh" SONDE_TEST_CASES="${SONDE_TEST_CASES:-}" \
  SONDE_MATRIX_UNITS=expected VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json "$@"
