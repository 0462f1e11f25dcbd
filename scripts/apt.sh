# What the scripts that install Debian packages have in common: sourced, not run.
#
# Another process may hold apt's locks, as on a fresh machine that installs its updates at first boot. These wait until it is done.

# Seconds until a lock that is still held counts as an error.
apt_patience=${SONDE_APT_PATIENCE:-600}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# Runs apt-get with ARGUMENTS. `DPkg::Lock::Timeout` waits for dpkg's own lock only: for that of the package lists, which `update`
# takes, and of the archive of packages there is no such option, so apt-get is asked again for as long as it says who holds one.
# Its output goes to standard output.
apt() {
  local output status=0 deadline=$((SECONDS + apt_patience))
  while true; do
    output=$(as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes \
      -o DPkg::Lock::Timeout="$apt_patience" "$@" 2>&1) && status=0 || status=$?
    printf '%s\n' "$output"
    if ((status == 0 || SECONDS >= deadline)) || ! grep -q 'Could not get lock\|Unable to lock' <<<"$output"; then
      return "$status"
    fi
    sleep 1
  done
}
