#!/usr/bin/env bash
# Installs k3s on one host or brings it to the wanted configuration. Running it again changes nothing.
#
# Read by `bash -s` from standard input, after common.sh and lines that set:
#   NODE_NAME         name of the node
#   NODE_ADDRESS      its address, at which nodes reach each other
#   K3S_ROLE          server or agent
#   K3S_RELEASE       release, for example v1.36.5+k3s1
#   K3S_DOWNLOAD_URL  folder that holds one folder per release
#   K3S_AIR_GAP       yes when the images of k3s come from there too
#   K3S_OTHER_SERVERS addresses of the other servers, on the one that begins the cluster; empty on all others
#   K3S_NEW_TOKEN     server token that the cluster shall have, on the one that begins it; empty on all others
#   K3S_MANIFESTS     files that k3s applies to the cluster, of which a server keeps those in FILE_PATHS alone
#   FILE_PATHS, FILE_MODES, FILE_RESTARTS, FILE_CONTENTS  files to write, and whether a change needs a restart
set -euo pipefail

BINARY=$ROOT/usr/local/bin/k3s
DATA=$ROOT/var/lib/rancher/k3s
POLLS=${POLLS:-240} # every 5 seconds: less than what the whole script is given
# Stands from before the first change until k3s was started with all of them, so that a run that breaks off in between
# is made up for by the next. Gone after a reboot, which is a restart too.
PENDING=$ROOT/run/ai-platform-k3s-restart

require_restart() {
  make_folder "${PENDING%/*}"
  : >"$PENDING"
}

installed_release() {
  [[ -x $BINARY ]] || return 0
  "$BINARY" --version | awk 'NR == 1 { print $3 }'
}

# download <folder> <file> <checksums> <target>: keeps the file only when it has the checksum that its folder lists.
download() {
  local wanted actual
  make_folder "${4%/*}"
  curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 --output "$4.new" "$1/$2" ||
    fail "cannot download $1/$2: check the network, or set cluster.downloadUrl to a mirror"
  wanted=$(curl --fail --silent --show-error --location --retry 3 --connect-timeout 20 "$1/$3" |
    awk -v file="$2" '$2 == file || $2 == "*" file { print $1 }') || fail "cannot download $1/$3: the mirror lacks it"
  actual=$(sha256sum "$4.new" | awk '{ print $1 }')
  if [[ -z $wanted || $wanted != "$actual" ]]; then
    rm --force "$4.new"
    fail "the checksum of $1/$2 is not the one in $3: it was damaged or replaced on the way"
  fi
}

install_release() {
  local installed architecture file folder images
  installed=$(installed_release)
  if [[ -n $installed && $installed != "$K3S_RELEASE" ]]; then
    say "has $installed and keeps it: the upgrade controller brings $K3S_RELEASE"
    return # also when the host is ahead: an older server corrupts etcd
  fi
  case $(uname -m) in
    x86_64) architecture=amd64 file=k3s ;;
    aarch64) architecture=arm64 file=k3s-arm64 ;;
    *) fail "$(uname -m) is no architecture that k3s is released for: use x86_64 or aarch64" ;;
  esac
  folder=$K3S_DOWNLOAD_URL/${K3S_RELEASE/+/%2B}
  images=$DATA/agent/images/k3s-airgap-images-$architecture.tar.zst
  if [[ $K3S_AIR_GAP == yes && ! -f $images ]]; then
    download "$folder" "${images##*/}" "sha256sum-$architecture.txt" "$images"
    chmod 600 "$images.new"
    require_restart # k3s reads them when it starts
    mv "$images.new" "$images"
  fi
  if [[ -z $installed ]]; then
    download "$folder" "$file" "sha256sum-$architecture.txt" "$BINARY"
    chmod 755 "$BINARY.new"
    require_restart
    mv "$BINARY.new" "$BINARY"
  fi
}

write_files() {
  local index wanted
  for index in "${!FILE_PATHS[@]}"; do
    wanted=("${FILE_MODES[index]}" "$ROOT${FILE_PATHS[index]}" "${FILE_CONTENTS[index]}")
    if [[ ${FILE_RESTARTS[index]} == yes ]] && ! is_written "${wanted[@]}"; then require_restart; fi
    write_file "${wanted[@]}"
  done
}

# A server that is no longer the first would apply its old manifests again whenever it starts.
remove_manifests() {
  local path
  for path in $K3S_MANIFESTS; do
    [[ " ${FILE_PATHS[*]} " == *" $path "* ]] || rm --force "$ROOT$path"
  done
}

# flannel takes the interface of the default route, whatever node-ip says. Where the host's address is on another one,
# nodes would send each other packets from addresses that their firewalls do not know.
write_flannel_interface() {
  local path=$ROOT/etc/rancher/k3s/config.yaml.d/flannel-interface.yaml own default text
  own=$(ip -4 -o address show to "$NODE_ADDRESS" | awk 'NR == 1 { sub("@.*", "", $2); print $2 }')
  default=$(ip -4 route show default | sed -n '1s/.* dev \([^ ]*\).*/\1/p')
  if [[ -z $own || $own == "$default" ]]; then
    [[ -f $path ]] || return 0
    require_restart
    rm "$path"
    return
  fi
  text="flannel-iface: $own"
  is_written 600 "$path" "$text" || require_restart
  write_file 600 "$path" "$text"
}

write_unit() {
  local path=$ROOT/etc/systemd/system/$1.service text
  # TimeoutStartSec=0: systemd must not kill a member of etcd that catches up; this script itself stops waiting.
  text="[Unit]
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
  is_written 644 "$path" "$text" || require_restart
  write_file 644 "$path" "$text"
}

start_k3s() {
  if [[ -f $PENDING ]]; then
    systemctl daemon-reload
    systemctl enable --quiet "$1"
    systemctl stop "$1" # not restart: what waits below must not find the old process ready
  fi
  # A start that waited for the unit would hang here without a word when k3s cannot start.
  systemctl start --no-block "$1"
  rm --force "$PENDING"
}

# condition <type>: status of one condition of this node.
condition() {
  local access=()
  [[ $K3S_ROLE == server ]] || access=(--kubeconfig "$DATA/agent/kubelet.kubeconfig")
  "$BINARY" kubectl "${access[@]}" get node "$NODE_NAME" --request-timeout=5s \
    --output "jsonpath={.status.conditions[?(@.type==\"$1\")].status}" 2>/dev/null || true
}

is_ready() {
  systemctl is-active --quiet "$1" || return 1
  if [[ $K3S_ROLE == server ]]; then
    "$BINARY" kubectl get --raw /readyz --request-timeout=5s >/dev/null 2>&1 || return 1
    "$BINARY" kubectl get --raw /readyz/etcd --request-timeout=5s >/dev/null 2>&1 || return 1
    # The next server may join only once etcd counts this one: it admits one learner at a time (k3s-io/k3s#2306).
    [[ "$(condition EtcdIsVoter)" == True ]] || return 1
  fi
  [[ "$(condition Ready)" == True ]]
}

wait_until_ready() {
  local attempt
  for ((attempt = 0; attempt < POLLS; attempt++)); do
    if is_ready "$1"; then return; fi
    sleep 5
  done
  fail "$1 did not become ready: look at 'journalctl --unit $1'"
}

# What the CIS benchmark asks for and k3s itself leaves wider.
close_permissions() {
  [[ $K3S_ROLE == server && -d $DATA/server/tls ]] || return 0
  find "$DATA/server/tls" -type f \( -name '*.crt' -o -name '*.key' \) -not -perm 600 -exec chmod 600 {} +
}

# A server that begins a cluster and has lost its disk would begin a second one beside the first.
refuse_second_cluster() {
  local address
  [[ ! -d $DATA/server/db ]] || return 0
  for address in $K3S_OTHER_SERVERS; do
    if curl --insecure --silent --fail --max-time 5 --output /dev/null "https://$address:6443/ping"; then
      fail "a cluster runs on $address already, and this server would begin another: move a server that runs to the" \
        "top of cluster.servers"
    fi
  done
}

# Gives the running cluster another server token, in the way of 'k3s token rotate', which would take it on its command
# line. What encrypts the certificates in etcd changes with it, so a new token in config.yaml alone would end k3s.
rotate_token() {
  local current
  [[ -n $K3S_NEW_TOKEN && -f $DATA/server/token ]] || return 0
  current=$(sed -n 's/^.*::server://p' "$DATA/server/token")
  [[ -n $current && $current != "$K3S_NEW_TOKEN" ]] || return 0
  require_restart
  curl --silent --show-error --fail --cacert "$DATA/server/tls/server-ca.crt" --config - <<SETTINGS ||
url = "https://127.0.0.1:6443/v1-k3s/token"
request = "PUT"
user = "server:$current"
data = "{\"newToken\":\"$K3S_NEW_TOKEN\"}"
SETTINGS
    fail "k3s did not take the new server token: look at 'journalctl --unit k3s'"
  say "the cluster has a new server token"
}

make_log_folder() {
  [[ $K3S_ROLE == server && ! -d $DATA/server/logs ]] || return 0
  make_folder "$DATA"
  mkdir --parents "$DATA/server/logs"
}

main() {
  local unit=k3s
  [[ $K3S_ROLE == server ]] || unit=k3s-agent
  refuse_second_cluster
  rotate_token
  make_log_folder
  install_release
  write_files
  remove_manifests
  write_flannel_interface
  write_unit "$unit"
  start_k3s "$unit"
  wait_until_ready "$unit"
  close_permissions
  say "$unit $(installed_release) is ready"
}

# Not from the script's own input, of which a command could otherwise eat the rest.
main </dev/null
