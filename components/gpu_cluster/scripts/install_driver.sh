#!/usr/bin/env bash
# Installs the NVIDIA driver and container toolkit from packages where they are missing. A driver that runs is left as
# it is. Where only a reboot brings the driver up, the host stops taking SSH connections and reboots a moment later;
# wait_for_driver.sh, which follows, gets through once it is back.
#
# Read by `bash -s` from standard input, after common.sh and lines that set:
#   NODE_NAME, EXPECTED_GPUS, FABRIC_MANAGER  as for preflight.sh
#   DRIVER_BRANCH            branch to install, for example 580
#   TOOLKIT_RELEASE          release of nvidia-container-toolkit
#   TOOLKIT_REPOSITORY       apt repository of it
#   TOOLKIT_KEY_URL          its public key, ASCII-armoured
#   TOOLKIT_KEY_FINGERPRINT  fingerprint of that key, 40 hexadecimal digits
set -euo pipefail

TOOLKIT_KEY=$ROOT/etc/apt/keyrings/nvidia-container-toolkit.asc

install_packages() {
  # Old answers of a person to configuration questions stand; nothing that is installed already is upgraded.
  apt-get install --quiet=2 --yes --no-install-recommends --no-upgrade \
    --option Dpkg::Options::=--force-confold --option DPkg::Lock::Timeout=600 "$@" >/dev/null ||
    fail "cannot install $*: look at 'apt-get install' on the host; the driver's packages are in Ubuntu's component" \
      "restricted"
}

driver_runs() {
  has nvidia-smi && (($(driver_gpus) > 0))
}

driver_is_installed() {
  dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' 'nvidia-utils-*' 2>/dev/null |
    grep --quiet '^installed '
}

install_driver() {
  local kernel packages modules
  kernel=$(uname -r)
  packages=("nvidia-utils-$DRIVER_BRANCH-server")
  modules=linux-modules-nvidia-$DRIVER_BRANCH-server-open-$kernel
  update_packages
  # Ubuntu builds and signs modules for its own kernels; for others they are built on the host.
  if apt-cache show "$modules" >/dev/null 2>&1; then
    packages+=("nvidia-headless-no-dkms-$DRIVER_BRANCH-server-open" "$modules")
  else
    packages+=("nvidia-headless-$DRIVER_BRANCH-server-open" "linux-headers-$kernel")
  fi
  if needs_fabric_manager; then
    packages+=("nvidia-fabricmanager-$DRIVER_BRANCH" "libnvidia-nscq-$DRIVER_BRANCH")
  fi
  install_packages "${packages[@]}"
}

start_fabric_manager() {
  if needs_fabric_manager; then
    systemctl enable --now --quiet nvidia-fabricmanager ||
      fail "nvidia-fabricmanager does not start: it must have exactly the driver's version, see" \
        "'journalctl --unit nvidia-fabricmanager'"
  fi
}

write_toolkit_source() {
  local key found
  key=$(curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 "$TOOLKIT_KEY_URL") ||
    fail "cannot download $TOOLKIT_KEY_URL: check the network, or set cluster.hostDriver.toolkitKeyUrl to a mirror"
  found=$(gpg --batch --show-keys --with-colons <<<"$key" | awk -F : '$1 == "fpr" { print $10; exit }')
  [[ $found == "$TOOLKIT_KEY_FINGERPRINT" ]] ||
    fail "the key at $TOOLKIT_KEY_URL has fingerprint ${found:-none}, not $TOOLKIT_KEY_FINGERPRINT: it was replaced on" \
      "the way, or NVIDIA changed it"
  write_file 644 "$TOOLKIT_KEY" "$key"
  # apt itself puts the architecture in.
  # shellcheck disable=SC2016
  write_file 644 "$ROOT/etc/apt/sources.list.d/nvidia-container-toolkit.list" \
    "deb [signed-by=${TOOLKIT_KEY#"$ROOT"}] $TOOLKIT_REPOSITORY/"'$(ARCH) /'
}

install_toolkit() {
  local package packages=()
  ! has nvidia-container-runtime || return 0
  has gpg || install_packages gpg
  write_toolkit_source
  update_packages
  for package in nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools libnvidia-container1; do
    packages+=("$package=$TOOLKIT_RELEASE-1")
  done
  install_packages "${packages[@]}"
}

reboot_later() {
  ! k3s_runs ||
    fail "the driver needs a reboot and k3s runs here: drain the node and reboot it (runbook 'node replacement')"
  # First the listener: what follows must not find the host before it went down. This session lives on.
  systemctl stop ssh.socket ssh.service 2>/dev/null || true
  systemd-run --quiet --collect --unit ai-platform-reboot --on-active 10s \
    /bin/sh -c 'systemctl reboot || systemctl start ssh.socket ssh.service' ||
    { systemctl start ssh.socket ssh.service 2>/dev/null || true; fail "cannot schedule the reboot: reboot the host"; }
  say "reboots for the driver"
}

main() {
  install_toolkit
  if driver_runs; then
    say "the driver of branch $(driver_branch) runs"
    return
  fi
  driver_is_installed || install_driver
  modprobe nvidia 2>/dev/null || true
  if driver_runs; then
    start_fabric_manager
    say "the driver of branch $(driver_branch) runs, without a reboot"
  else
    reboot_later
  fi
}

main </dev/null
