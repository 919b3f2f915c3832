#!/usr/bin/env bash
# Installs k3s on one host or brings it to the wanted configuration. Running it again changes nothing.
#
# Read by `bash -s` from standard input, after lines that set:
#   K3S_ROLE          server or agent
#   K3S_RELEASE       release, for example v1.36.5+k3s1
#   K3S_DOWNLOAD_URL  folder that holds one folder per release
#   K3S_CONFIG        content of config.yaml, with tokens
#   K3S_REGISTRIES    content of registries.yaml
#   EXPECTED_GPUS     GPUs that this host must show, 0 for a host without
# ROOT is put before every path and is empty outside of tests.
set -euo pipefail
export LC_ALL=C
umask 077

ROOT=${ROOT:-}
BINARY=$ROOT/usr/local/bin/k3s
CHANGED=no

fail() {
  echo "$(hostname): $*" >&2
  exit 1
}

# write_file <mode> <path> <content>: replaces the file only when its content differs.
write_file() {
  local mode=$1 path=$2 content=${3%$'\n'}
  if [[ -f $path && "$(cat "$path")" == "$content" ]]; then
    return
  fi
  mkdir -p "$(dirname "$path")"
  printf '%s\n' "$content" >"$path.new"
  chmod "$mode" "$path.new"
  mv "$path.new" "$path"
  CHANGED=yes
}

check_gpus() {
  local found
  ((EXPECTED_GPUS > 0)) || return 0
  command -v nvidia-smi >/dev/null ||
    fail "nvidia-smi is missing: install the NVIDIA driver (branch 580 or newer) before the platform"
  command -v nvidia-container-runtime >/dev/null ||
    fail "nvidia-container-runtime is missing: install nvidia-container-toolkit before k3s starts, which looks for it"
  found=$(nvidia-smi --list-gpus | wc -l)
  ((found == EXPECTED_GPUS)) ||
    fail "the driver shows $found GPUs, the pool says $EXPECTED_GPUS: correct gpusPerNode or repair the host"
}

installed_release() {
  [[ -x $BINARY ]] || return 0
  "$BINARY" --version | awk 'NR == 1 { print $3 }'
}

is_newer() { # is_newer <a> <b>: whether a is newer than b
  [[ $1 != "$2" && "$(printf '%s\n%s\n' "$1" "$2" | sort --version-sort | tail -n 1)" == "$1" ]]
}

install_binary() {
  local installed file sums folder wanted actual
  installed=$(installed_release)
  if [[ -n $installed ]] && ! is_newer "$K3S_RELEASE" "$installed"; then
    return # also when the host is ahead: a downgrade corrupts etcd
  fi
  case $(uname -m) in
    x86_64) file=k3s sums=sha256sum-amd64.txt ;;
    aarch64) file=k3s-arm64 sums=sha256sum-arm64.txt ;;
    *) fail "$(uname -m) is no architecture that k3s is released for" ;;
  esac
  folder=$K3S_DOWNLOAD_URL/${K3S_RELEASE/+/%2B}
  mkdir -p "$(dirname "$BINARY")"
  curl --fail --silent --show-error --location --retry 3 --output "$BINARY.new" "$folder/$file" ||
    fail "cannot download $folder/$file: check the network, or set cluster.downloadUrl to a mirror"
  wanted=$(curl --fail --silent --show-error --location --retry 3 "$folder/$sums" |
    awk -v file="$file" '$2 == file { print $1 }')
  actual=$(sha256sum "$BINARY.new" | awk '{ print $1 }')
  if [[ -z $wanted || $wanted != "$actual" ]]; then
    rm -f "$BINARY.new"
    fail "the checksum of $folder/$file is not the one in $sums: it was damaged or replaced on the way"
  fi
  chmod 755 "$BINARY.new"
  mv "$BINARY.new" "$BINARY"
  CHANGED=yes
}

write_kernel_settings() {
  # The kubelet refuses to start with protect-kernel-defaults unless the kernel has exactly these.
  local path=$ROOT/etc/sysctl.d/90-kubelet.conf
  local content=$'vm.panic_on_oom=0\nvm.overcommit_memory=1\nkernel.panic=10\nkernel.panic_on_oops=1\nnet.ipv4.ip_forward=1'
  if [[ -f $path && "$(cat "$path")" == "$content" ]]; then
    return
  fi
  write_file 644 "$path" "$content"
  sysctl --quiet --load "$path"
}

write_unit() {
  local content
  content="[Unit]
Description=k3s $K3S_ROLE
Documentation=https://docs.k3s.io
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/k3s $K3S_ROLE

[Install]
WantedBy=multi-user.target"
  write_file 644 "$ROOT/etc/systemd/system/$1.service" "$content"
}

wait_until_ready() {
  local attempt
  for ((attempt = 0; attempt < 120; attempt++)); do
    if [[ $K3S_ROLE == agent ]]; then
      if systemctl is-active --quiet "$1"; then return; fi
    elif "$BINARY" kubectl get --raw /readyz >/dev/null 2>&1; then
      return
    fi
    sleep "${POLL_SECONDS:-5}"
  done
  fail "$1 did not become ready: look at 'journalctl --unit $1'"
}

main() {
  local unit=k3s
  [[ $K3S_ROLE == agent ]] && unit=k3s-agent
  check_gpus
  install_binary
  write_kernel_settings
  write_file 600 "$ROOT/etc/rancher/k3s/config.yaml" "$K3S_CONFIG"
  write_file 600 "$ROOT/etc/rancher/k3s/registries.yaml" "$K3S_REGISTRIES"
  write_unit "$unit"
  if [[ $CHANGED == yes ]]; then
    systemctl daemon-reload
    systemctl enable --quiet "$unit"
    systemctl restart "$unit"
  else
    systemctl start "$unit"
  fi
  wait_until_ready "$unit"
  echo "$(hostname): $unit $(installed_release) is ready"
}

# Not from the script's own input, of which a command could otherwise eat the rest.
main </dev/null
