#!/usr/bin/env bash
# Installs a Vulkan loader and a driver that runs on CPU cores, lavapipe of Mesa 25 or newer: WebGPU for machines without a
# GPU, on Debian and Ubuntu. Where the distribution's own Mesa is older, as in Debian 12, it comes from the backports suite
# of the mirror that the machine already uses.
#
# Details go to standard output, the one sentence of a failure to standard error. Asks for nothing but a sudo password.
set -euo pipefail
export LC_ALL=C

# Dawn refuses older lavapipe: it lacks dynamic indexing of uniform arrays (Mesa 22), and 25 is what this project is tested with.
oldest_mesa=25
driver=mesa-vulkan-drivers
loader=libvulkan1
# A machine's apt configuration; another folder can be named to try the parsing without one.
apt_folder=${APT_FOLDER:-/etc/apt}

fail() {
  printf 'software-vulkan: %s\n' "$1" >&2
  exit 1
}

# shellcheck source=apt.sh
source "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

new_enough() {
  [[ -n $1 ]] && dpkg --compare-versions "$1" ge "$oldest_mesa"
}

# The driver's version that apt would install without being told where from; nothing if it knows none.
candidate() {
  apt-cache policy "$driver" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# Whether the suite SUITE, as far as apt knows it, has a driver that is new enough.
suite_suffices() {
  local suite=$1 version
  for version in $(apt-cache madison "$driver" | awk -F' *[|] *' -v suite=" $suite/" 'index($3, suite) { print $2 }'); do
    if new_enough "$version"; then return 0; fi
  done
  return 1
}

# Prints a deb822 stanza for the backports suite of RELEASE, made from the first enabled stanza in FILE that offers the
# release's main component: mirror, key and whatever else it says are kept.
backports_stanza() {
  local release=$1 file=$2
  awk -v RS='' -v release="$release" '
    function lists(text, words,   item, wanted, i, j) {
      split(text, item, " ")
      split(words, wanted, " ")
      for (i in item) for (j in wanted) if (item[i] == wanted[j]) return 1
      return 0
    }
    {
      split("", value)
      kept = ""
      count = split($0, line, "\n")
      for (i = 1; i <= count; i++) {
        if (line[i] ~ /^#/) continue
        if (line[i] !~ /^[ \t]/) {           # otherwise it continues the field above, as an embedded key does
          field = tolower(line[i])
          sub(/:.*/, "", field)
        }
        text = line[i]
        sub(/^[^ \t:]+:/, "", text)
        value[field] = value[field] " " text
        if (field !~ /^(types|suites|components)$/) kept = kept line[i] "\n"
      }
      if (!lists(tolower(value["enabled"]), "no") && lists(value["types"], "deb") && lists(value["components"], "main") &&
          lists(value["suites"], release " stable oldstable oldoldstable")) {
        printf "Types: deb\nSuites: %s-backports\nComponents: main\n%s", release, kept
        exit
      }
    }' "$file"
}

# The same from a file of one-line entries: "deb [options] mirror suite components".
backports_line() {
  local release=$1 file=$2
  awk -v release="$release" '
    $1 == "deb" {
      options = ""
      rest = $0; sub(/^[ \t]*deb[ \t]+/, "", rest)
      if (rest ~ /^\[/) { options = substr(rest, 1, index(rest, "]")) " "; rest = substr(rest, index(rest, "]") + 1) }
      sub(/#.*/, "", rest)
      count = split(rest, word, " ")
      suite = word[2]
      has_main = 0
      for (i = 3; i <= count; i++) if (word[i] == "main") has_main = 1
      if (has_main && (suite == release || suite ~ /^(old)*stable$/)) {
        printf "deb %s%s %s-backports main\n", options, word[1], release
        exit
      }
    }' "$file"
}

# Sets `entry` to a source entry for the backports suite and `entry_file` to the name that its format asks for.
derive_backports_entry() {
  local release=$1 file
  entry=''
  for file in "$apt_folder"/sources.list.d/*.sources; do
    [[ -f $file ]] || continue
    entry=$(backports_stanza "$release" "$file")
    entry_file=$apt_folder/sources.list.d/sonde-backports.sources
    if [[ -n $entry ]]; then return 0; fi
  done
  for file in "$apt_folder/sources.list" "$apt_folder"/sources.list.d/*.list; do
    [[ -f $file ]] || continue
    entry=$(backports_line "$release" "$file")
    entry_file=$apt_folder/sources.list.d/sonde-backports.list
    if [[ -n $entry ]]; then return 0; fi
  done
  return 1
}

add_backports() {
  local release=$1
  derive_backports_entry "$release" ||
    fail "no entry for $release in $apt_folder offers the component main; add the suite $release-backports by hand and run \
this again."
  printf 'adding %s:\n%s\n' "$entry_file" "$entry"
  printf '%s\n' "$entry" | as_root tee "$entry_file" >/dev/null
  if ! apt update || ! suite_suffices "$release-backports"; then
    as_root rm -f "$entry_file"
    fail "the suite $release-backports of this machine's mirror cannot be read or has no Mesa $oldest_mesa; install lavapipe \
of Mesa $oldest_mesa or newer by hand."
  fi
}

install_driver() {
  apt install --no-install-recommends "$@" "$loader" "$driver" || fail "apt-get could not install $loader and $driver."
}

main() {
  command -v apt-get >/dev/null ||
    fail "this is for Debian and Ubuntu; elsewhere install a Vulkan loader and lavapipe of Mesa $oldest_mesa or newer."
  ((EUID == 0)) || command -v sudo >/dev/null ||
    fail "installing a driver takes root's rights, and there is no sudo; run scripts/software-vulkan.sh as root."
  # shellcheck source=/dev/null
  source /etc/os-release
  local release=${VERSION_CODENAME:-}

  apt update || fail "apt-get update did not succeed; see to the package sources in $apt_folder."
  if new_enough "$(candidate)"; then
    install_driver
  elif [[ ${ID:-} == debian && -n $release ]]; then
    if ! suite_suffices "$release-backports"; then add_backports "$release"; fi
    install_driver --target-release "$release-backports"
  else
    fail "${PRETTY_NAME:-this system} offers Mesa $(candidate), and WebGPU needs $oldest_mesa or newer: use Debian 12 or \
newer or Ubuntu 24.04 or newer, or let VK_DRIVER_FILES name the driver file of a newer lavapipe or of SwiftShader \
(vk_swiftshader_icd.json, beside a Chromium browser)."
  fi
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then main; fi
