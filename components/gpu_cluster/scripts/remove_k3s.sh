#!/usr/bin/env bash
# Takes k3s and everything that prepare_host.sh and install_k3s.sh wrote off a host. The driver, packages and the folders
# of volumes outside of /var/lib/rancher stay. On a host without all this it changes nothing.
#
# Read by `bash -s` from standard input, after common.sh and a line that sets NODE_NAME.
set -euo pipefail

stop_k3s() {
  local unit group
  for unit in k3s k3s-agent; do
    [[ -f $ROOT/etc/systemd/system/$unit.service ]] || continue
    systemctl disable --now --quiet "$unit"
    rm --force "$ROOT/etc/systemd/system/$unit.service"
  done
  systemctl daemon-reload
  # Containers outlive k3s, and killed shims leave theirs behind: first all processes of pods, by their control group.
  for group in "$ROOT"/sys/fs/cgroup/kubepods "$ROOT"/sys/fs/cgroup/kubepods.slice; do
    if [[ -w $group/cgroup.kill ]]; then echo 1 >"$group/cgroup.kill"; fi
  done
  pkill --full --signal KILL "^$ROOT/var/lib/rancher/k3s/data/[^/]*/bin/containerd-shim-runc-v2" || true
}

unmount() {
  local path
  awk -v root="$ROOT" '
    index($2, root "/run/k3s/") == 1 || index($2, root "/var/lib/rancher/k3s/") == 1 ||
    index($2, root "/var/lib/kubelet/") == 1 || index($2, root "/run/netns/cni-") == 1 { print $2 }
  ' "${ROOT:-}/proc/self/mounts" | sort --reverse | while read -r path; do
    umount "$path" || umount --lazy "$path"
  done
}

remove_network() {
  local link family
  for link in cni0 flannel-wg flannel.1; do
    if [[ -d $ROOT/sys/class/net/$link ]]; then ip link delete "$link"; fi
  done
  for family in iptables ip6tables; do
    if has "$family-save"; then
      "$family-save" | { grep --invert-match --extended-regexp 'KUBE-|CNI-|FLANNEL' || true; } | "$family-restore"
    fi
  done
}

remove_firewall() {
  local unit=ai-platform-firewall.service
  [[ -f $ROOT/etc/systemd/system/$unit ]] || return 0
  systemctl disable --now --quiet "$unit" # stopping it removes the platform's table
  rm --force "$ROOT/etc/systemd/system/$unit"
  systemctl daemon-reload
}

# remove_folder <path>: or its content alone, where a disk is mounted there.
remove_folder() {
  [[ -d $1 ]] || return 0
  find "$1" -xdev -mindepth 1 -delete
  rmdir "$1" 2>/dev/null || true
}

main() {
  local folder
  if [[ -x $ROOT/usr/local/bin/k3s ]]; then
    stop_k3s
    unmount
    remove_network
    for folder in /etc/rancher/k3s /run/k3s /run/flannel /var/lib/rancher/k3s /var/lib/kubelet /var/lib/cni; do
      remove_folder "$ROOT$folder"
    done
  fi
  remove_firewall
  rm --recursive --force "$ROOT/etc/ai-platform"
  rm --force "$ROOT/etc/sysctl.d/90-kubelet.conf" "$ROOT/etc/modules-load.d/ai-platform.conf" \
    "$ROOT/etc/apt/apt.conf.d/52ai-platform-held-packages" "$ROOT/etc/modprobe.d/ai-platform-nouveau.conf" \
    "$ROOT/etc/multipath/conf.d/ai-platform-longhorn.conf"
  rm --force "$ROOT/usr/local/bin/k3s" # last: a removal that broke off is taken up again
  say "k3s is removed"
}

main </dev/null
