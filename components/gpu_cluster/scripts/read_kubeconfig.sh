#!/usr/bin/env bash
# Prints the administrator's kubeconfig of a k3s server, with the address at which clients reach the API server.
#
# Read by `bash -s` from standard input, after common.sh and a line that sets API_ADDRESS.
set -euo pipefail

main() {
  local path=$ROOT/etc/rancher/k3s/k3s.yaml
  [[ -r $path ]] || fail "$path is missing: k3s did not start as a server here"
  sed "s|https://127.0.0.1:6443|https://$API_ADDRESS:6443|" "$path"
}

main </dev/null
