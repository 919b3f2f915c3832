#!/usr/bin/env bash
# Checks whether a host can become a node. Changes nothing. Every problem is a line `<host>: <what>: <fix>`; the run
# fails once, after all of them.
#
# Read by `bash -s` from standard input, as the login user, after common.sh and lines that set:
#   NODE_NAME         name of the host in the settings
#   NODE_ADDRESS      its address there
#   TCP_PORTS         ports that k3s will listen on
#   MINIMUM_DISK_GIB  free space where k3s and containerd live, before k3s is there
#   EXPECTED_GPUS     GPUs on the PCI bus, 0 for a host without
#   DRIVER            none, preinstalled, packages or operator: who brings the NVIDIA driver
#   DRIVER_BRANCH     oldest branch of a driver that is there already, and the branch to install
#   FABRIC_MANAGER    yes, no or auto
#   FIREWALL          yes when the platform keeps the host's firewall
set -euo pipefail

PROBLEMS=0
UBUNTU_RELEASES="22.04 24.04 26.04" # those that the GPU operator is tested on; the driver's packages are Ubuntu's

problem() {
  say "$*" >&2
  PROBLEMS=$((PROBLEMS + 1))
}

as_root() {
  sudo -n "$@" 2>/dev/null
}

check_login() {
  sudo -n true 2>/dev/null ||
    problem "sudo asks $(id -un) for a password: allow all commands with NOPASSWD in /etc/sudoers.d"
}

check_system() {
  local id='' release='' kernel
  if [[ -r $ROOT/etc/os-release ]]; then
    id=$(sed -n 's/^ID=//p' "$ROOT/etc/os-release" | tr -d '"')
    release=$(sed -n 's/^VERSION_ID=//p' "$ROOT/etc/os-release" | tr -d '"')
  fi
  [[ $id == ubuntu && " $UBUNTU_RELEASES " == *" $release "* ]] ||
    problem "the system is ${id:-unknown} ${release:-}: install Ubuntu ${UBUNTU_RELEASES// /, }"
  kernel=$(uname -r)
  [[ "$(printf '5.15\n%s\n' "$kernel" | sort --version-sort | head --lines 1)" == 5.15 ]] ||
    problem "the kernel is $kernel: install 5.15 or newer (linux-generic) and reboot"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) problem "the architecture is $(uname -m): k3s and the NVIDIA driver need x86_64 or aarch64" ;;
  esac
  [[ -r $ROOT/sys/fs/cgroup/cgroup.controllers ]] ||
    problem "cgroup v2 is off: remove systemd.unified_cgroup_hierarchy=0 from the kernel's command line and reboot"
  modprobe --dry-run wireguard 2>/dev/null ||
    problem "the kernel has no WireGuard, which encrypts traffic between nodes: install linux-modules-extra-$kernel"
}

check_name() {
  local name
  name=$(hostname --short)
  [[ $name == "$NODE_NAME" ]] ||
    problem "the host calls itself $name: correct its address in the settings, or run 'hostnamectl hostname $NODE_NAME'"
}

check_network() {
  [[ -n "$(ip -4 route show default)" ]] ||
    problem "there is no default route, which k3s needs even without a way out: add one, on a dummy interface at least"
  [[ -n "$(ip -4 -o address show to "$NODE_ADDRESS")" ]] ||
    problem "no interface has $NODE_ADDRESS: give the host's own address in the settings, not one that a router translates"
  if [[ $FIREWALL == yes ]] && has ufw && as_root ufw status | grep --quiet '^Status: active'; then
    problem "ufw is active and would drop what nodes send each other: run 'ufw disable', the platform keeps a firewall" \
      "of its own (or set cluster.firewall to null)"
  fi
}

check_time() {
  local synchronised=no
  if has timedatectl; then
    synchronised=$(timedatectl show --property NTPSynchronized --value || true)
  fi
  if [[ $synchronised != yes ]] && has chronyc && chronyc -n tracking 2>/dev/null | grep --quiet '^Leap status *: Normal'; then
    synchronised=yes
  fi
  [[ $synchronised == yes ]] ||
    problem "the clock is not synchronised, certificates and etcd need it: point systemd-timesyncd or chrony to a server"
}

# check_disk <path> <minimum in GiB>
check_disk() {
  local folder=$ROOT$1 free
  while [[ ! -d $folder ]]; do folder=${folder%/*}; done
  free=$(df --output=avail --block-size=1G "$folder" | tail --lines 1 | tr -d ' ')
  ((free >= $2)) || problem "$1 has $free GiB free: give it at least $2 GiB (cluster.minimumDiskGib)"
}

check_disks() {
  [[ ! -x $ROOT/usr/local/bin/k3s ]] || return 0 # what k3s itself has filled is the kubelet's to clean up
  check_disk /var/lib/rancher "$MINIMUM_DISK_GIB"
  check_disk /var/lib/kubelet 10
  if [[ -r $ROOT/proc/swaps && "$(wc -l <"$ROOT/proc/swaps")" -gt 1 ]]; then
    say "note: swap is on, and pods do not use it"
  fi
}

check_ports() {
  local port holders
  for port in $TCP_PORTS; do
    holders=$(as_root ss -Hltnp "sport = :$port" | grep --invert-match '"k3s' || true)
    [[ -z $holders ]] || problem "port $port is taken ($(holder "$holders")): stop that program, k3s listens there"
  done
  if [[ -n "$(ss -Hlun 'sport = :51820')" && ! -d $ROOT/sys/class/net/flannel-wg ]]; then
    problem "UDP port 51820 is taken: remove the other WireGuard interface, nodes reach each other there"
  fi
}

holder() {
  local name
  name=$(sed -n 's/.*users:(("\([^"]*\)".*/\1/p' <<<"$1" | head --lines 1)
  echo "by ${name:-an unknown program}"
}

check_gpus() {
  local found
  found=$(pci_devices 03)
  if ((EXPECTED_GPUS == 0)); then
    ((found == 0)) || say "note: the platform does not use the host's $found NVIDIA GPUs, its pool has none"
    return 0
  fi
  ((found == EXPECTED_GPUS)) ||
    problem "the PCI bus shows $found NVIDIA GPUs, the host's pool says $EXPECTED_GPUS: correct gpusPerNode or the pool," \
      "or repair the host"
  case $DRIVER in
    preinstalled) check_driver ;;
    packages) if nvidia_runs; then check_branch; else check_signature; fi ;;
    operator) ! secure_boot ||
      problem "Secure Boot is on and the driver of the GPU operator is not signed: turn it off, or set" \
        "cluster.gpuOperator.driver to host" ;;
  esac
}

nvidia_runs() {
  has nvidia-smi && (($(driver_gpus) > 0))
}

check_branch() {
  local branch
  branch=$(driver_branch)
  ((${branch:-0} >= DRIVER_BRANCH)) ||
    problem "the NVIDIA driver is of branch ${branch:-unknown}: upgrade it to $DRIVER_BRANCH or newer"
}

check_driver() {
  local found
  if ! has nvidia-smi; then
    problem "the NVIDIA driver is missing: install branch $DRIVER_BRANCH or newer, or set cluster.hostDriver.install to true"
    return
  fi
  found=$(driver_gpus)
  if ((found != EXPECTED_GPUS)); then
    problem "the driver shows $found GPUs, the host's pool says $EXPECTED_GPUS: look at 'nvidia-smi' and 'dmesg'"
    return
  fi
  check_branch
  has nvidia-container-runtime ||
    problem "nvidia-container-runtime is missing: install nvidia-container-toolkit, k3s looks for it when it starts"
  if needs_fabric_manager && ! systemctl is-active --quiet nvidia-fabricmanager; then
    problem "the GPUs talk through NVSwitches and nvidia-fabricmanager does not run: install and enable the one of" \
      "the driver's version"
  fi
}

secure_boot() {
  local variable
  for variable in "$ROOT"/sys/firmware/efi/efivars/SecureBoot-*; do
    [[ -r $variable && "$(tail --bytes 1 "$variable" | od -An -tu1 | tr -d ' ')" == 1 ]] && return 0
  done
  return 1
}

check_signature() {
  local modules
  modules=linux-modules-nvidia-$DRIVER_BRANCH-server-open-$(uname -r)
  if secure_boot && ! apt-cache show "$modules" >/dev/null 2>&1; then
    problem "Secure Boot is on and there is no package $modules with signed modules: boot a kernel of linux-generic" \
      "that has one, run 'apt-get update', or turn Secure Boot off"
  fi
}

main() {
  check_login
  check_system
  check_name
  check_network
  check_time
  check_disks
  check_ports
  check_gpus
  ((PROBLEMS == 0)) || fail "$PROBLEMS problems: nothing was changed on any host"
  say "ready for installation"
}

main </dev/null
