#!/usr/bin/env bash
# Prepares a host for k3s: kernel settings and modules, packages, firewall. Running it again changes nothing.
#
# Read by `bash -s` from standard input, after common.sh and lines that set:
#   NODE_NAME      name of the host in the settings
#   PACKAGES       packages of the system to install where they are missing
#   EXPECTED_GPUS  0 for a host without GPUs
#   FIREWALL       yes when the platform keeps the host's firewall
#   ADMIN_CIDRS    networks that may open SSH sessions, empty for all
#   API_CIDRS      networks that may reach the API server
#   FILE_PATHS, FILE_MODES, FILE_RESTARTS, FILE_CONTENTS  files of the firewall
set -euo pipefail

RULES=$ROOT/etc/ai-platform/firewall.nft
UNIT=ai-platform-firewall.service

install_packages() {
  local package missing=()
  for package in $PACKAGES; do
    [[ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] ||
      missing+=("$package")
  done
  ((${#missing[@]} > 0)) || return 0
  update_packages
  apt-get install --quiet=2 --yes --no-install-recommends --option DPkg::Lock::Timeout=600 "${missing[@]}" >/dev/null ||
    fail "cannot install ${missing[*]}: check the host's package sources"
  if [[ " ${missing[*]} " == *" open-iscsi "* ]]; then
    systemctl enable --now --quiet iscsid
  fi
}

# Ubuntu's multipathd would claim the disks that Longhorn shows to the node, and no pod could mount them.
leave_longhorn_disks() {
  [[ " $PACKAGES " == *" open-iscsi "* ]] || return 0
  CHANGED=no
  write_file 644 "$ROOT/etc/multipath/conf.d/ai-platform-longhorn.conf" 'blacklist {
  device {
    vendor "IET"
    product "VIRTUAL-DISK"
  }
}'
  if [[ $CHANGED == yes ]] && systemctl is-active --quiet multipathd; then
    systemctl reload multipathd
  fi
}

write_kernel_settings() {
  # The kubelet refuses to start with protect-kernel-defaults unless the kernel has exactly the first four.
  write_file 644 "$ROOT/etc/sysctl.d/90-kubelet.conf" "vm.panic_on_oom=0
vm.overcommit_memory=1
kernel.panic=10
kernel.panic_on_oops=1
net.ipv4.ip_forward=1
fs.inotify.max_user_instances=8192
fs.inotify.max_user_watches=1048576"
  sysctl --quiet --load "$ROOT/etc/sysctl.d/90-kubelet.conf"
}

load_modules() {
  write_file 644 "$ROOT/etc/modules-load.d/ai-platform.conf" $'br_netfilter\noverlay\nwireguard'
  modprobe --all br_netfilter overlay wireguard
}

hold_kernel() {
  # A new kernel at night would leave the driver without modules. Names are regular expressions from their start.
  write_file 644 "$ROOT/etc/apt/apt.conf.d/52ai-platform-held-packages" 'Unattended-Upgrade::Package-Blacklist {
  "linux-(image|headers|modules|generic|virtual|nvidia|aws|azure|gcp|oracle)";
  "nvidia-";
  "libnvidia-";
};'
}

forbid_nouveau() {
  ((EXPECTED_GPUS > 0)) || return 0
  CHANGED=no
  write_file 644 "$ROOT/etc/modprobe.d/ai-platform-nouveau.conf" $'blacklist nouveau\noptions nouveau modeset=0'
  [[ $CHANGED == no ]] || update-initramfs -u >/dev/null
}

# ssh_client: the address that this very session comes from. sudo removes the variable, an older process has it still.
ssh_client() {
  local pid=$$ address
  while ((pid > 1)); do
    address=$(tr '\0' '\n' 2>/dev/null <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=\([^ ]*\) .*/\1/p' || true)
    if [[ -n $address ]]; then
      echo "$address"
      return
    fi
    pid=$(awk '$1 == "PPid:" { print $2 }' "/proc/$pid/status")
  done
}

as_number() { # as_number <IPv4 address>
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  echo $(((a << 24) + (b << 16) + (c << 8) + d))
}

contains() { # contains <IPv4 network> <address>
  local bits=${1#*/}
  local shift=$((32 - bits))
  (($(as_number "${1%/*}") >> shift == $(as_number "$2") >> shift))
}

is_within() { # is_within <address> <networks>
  local network
  for network in $2; do
    if contains "$network" "$1"; then return; fi
  done
  return 1
}

refuse_lockout() {
  local client
  client=$(ssh_client)
  [[ $client == *.*.*.* ]] || return 0
  [[ -z $ADMIN_CIDRS ]] || is_within "$client" "$ADMIN_CIDRS" ||
    fail "this SSH session comes from $client, which cluster.firewall.adminCidrs does not hold: add its network, or the" \
      "next session would be refused"
  is_within "$client" "$API_CIDRS" ||
    fail "this SSH session comes from $client, which cluster.firewall.clientCidrs does not hold: add its network there" \
      "or to adminCidrs, or the deploying machine would not reach the API server"
}

keep_firewall() {
  local index refused
  refuse_lockout
  for index in "${!FILE_PATHS[@]}"; do
    [[ "$ROOT${FILE_PATHS[index]}" == "$RULES" ]] || continue
    refused=$(nft --check --file - 2>&1 <<<"${FILE_CONTENTS[index]}") || fail "the kernel refuses the rules: ${refused%%$'\n'*}"
  done
  CHANGED=no
  for index in "${!FILE_PATHS[@]}"; do
    write_file "${FILE_MODES[index]}" "$ROOT${FILE_PATHS[index]}" "${FILE_CONTENTS[index]}"
  done
  if [[ $CHANGED == yes ]]; then
    systemctl daemon-reload
    systemctl enable --quiet "$UNIT"
    systemctl reload-or-restart "$UNIT" # in one transaction: there is no moment without rules
  else
    systemctl start "$UNIT"
  fi
}

remove_firewall() {
  [[ -f $RULES ]] || return 0
  systemctl disable --now --quiet "$UNIT" # stopping it removes the platform's table
  rm --force "$RULES" "$ROOT/etc/systemd/system/$UNIT"
  systemctl daemon-reload
}

main() {
  install_packages
  leave_longhorn_disks
  load_modules
  write_kernel_settings
  hold_kernel
  forbid_nouveau
  if [[ $FIREWALL == yes ]]; then keep_firewall; else remove_firewall; fi
  say "prepared"
}

main </dev/null
