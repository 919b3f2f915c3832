#!/usr/bin/env bash
# Prints the administrator's kubeconfig of a k3s server, with the address at which clients reach the API server.
#
# Read by `bash -s` from standard input, after a line that sets API_ADDRESS.
# ROOT is put before every path and is empty outside of tests.
set -euo pipefail
export LC_ALL=C

main() {
  local path=${ROOT:-}/etc/rancher/k3s/k3s.yaml
  if [[ ! -r $path ]]; then
    echo "$(hostname): $path is missing: k3s did not start as a server here" >&2
    exit 1
  fi
  sed "s|https://127.0.0.1:6443|https://$API_ADDRESS:6443|" "$path"
}

main </dev/null
