#!/usr/bin/env bash
# Functions of all scripts that run on hosts, put before each of them.
# NODE_NAME, where it is set, is the host's name in the settings: messages begin with it. NODE_ADDRESS is its address.
# ROOT is put before every path and is empty outside of tests.
set -euo pipefail
export LC_ALL=C
export DEBIAN_FRONTEND=noninteractive
export PATH=$PATH:/usr/sbin:/sbin
umask 077

ROOT=${ROOT:-}
NODE_NAME=${NODE_NAME:-$(hostname)}
# Whether write_file changed a file, for the script that follows.
# shellcheck disable=SC2034
CHANGED=no

say() {
  echo "$NODE_NAME: $*"
}

fail() {
  echo "$NODE_NAME: $*" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null
}

make_folder() { # make_folder <path>: with its parents, readable by everybody
  [[ -d $1 ]] || (umask 022 && mkdir --parents "$1")
}

# is_written <mode> <path> <content>: whether the file is as write_file would leave it.
is_written() {
  [[ -f $2 && "$(stat --format %a "$2")" == "$1" && "$(cat "$2")" == "${3%$'\n'}" ]]
}

# write_file <mode> <path> <content>: replaces the file at once, and only when content or mode differ.
write_file() {
  local mode=$1 path=$2
  if is_written "$@"; then return; fi
  make_folder "${path%/*}"
  printf '%s\n' "${3%$'\n'}" >"$path.new"
  chmod "$mode" "$path.new"
  mv --force "$path.new" "$path"
  # shellcheck disable=SC2034
  CHANGED=yes
}

# pci_devices <class>: how many devices of NVIDIA have a class that begins so: 03 for GPUs, 068 for NVSwitches.
pci_devices() {
  local device found=0
  for device in "$ROOT"/sys/bus/pci/devices/*; do
    [[ -r $device/vendor && "$(cat "$device/vendor")" == 0x10de ]] || continue
    [[ "$(cat "$device/class")" != 0x"$1"* ]] || found=$((found + 1))
  done
  echo "$found"
}

# needs_fabric_manager: whether GPUs talk through NVSwitches. FABRIC_MANAGER is yes or no where the PCI bus does not say.
needs_fabric_manager() {
  case $FABRIC_MANAGER in
    yes) return 0 ;;
    no) return 1 ;;
    *) (($(pci_devices 068) > 0)) ;;
  esac
}

# Without the lines of MIG instances, which follow each GPU.
driver_gpus() {
  nvidia-smi --list-gpus 2>/dev/null | grep --count '^GPU ' || true
}

driver_branch() {
  nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head --lines 1 | cut --delimiter . --fields 1
}

# update_packages: waits for the system's own timers, which hold apt's lock for minutes after a start.
update_packages() {
  local attempt said=''
  for ((attempt = 0; attempt < 60; attempt++)); do
    if said=$(apt-get update --quiet=2 2>&1); then return; fi
    [[ $said == *"Could not get lock"* ]] || break
    sleep 10
  done
  fail "apt-get update failed (${said##*$'\n'}): check the host's package sources and its way there"
}

k3s_runs() {
  systemctl is-active --quiet k3s || systemctl is-active --quiet k3s-agent
}
