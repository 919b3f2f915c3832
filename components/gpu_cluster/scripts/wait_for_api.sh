#!/usr/bin/env bash
# Waits on a server until the API answers at the address that agents and clients use. Changes nothing.
#
# Read by `bash -s` from standard input, after common.sh and lines that set NODE_NAME and
#   API_ADDRESS  the address in front of the servers
#   BROUGHT_BY   kube-vip or external
set -euo pipefail

answers() {
  "$ROOT/usr/local/bin/k3s" kubectl --server="https://$API_ADDRESS:6443" --request-timeout=5s get --raw /readyz \
    >/dev/null 2>&1
}

main() {
  local attempt
  for ((attempt = 0; attempt < ${POLLS:-60}; attempt++)); do
    if answers; then
      say "the API server answers at $API_ADDRESS"
      return
    fi
    sleep "${POLL_SECONDS:-5}"
  done
  case $BROUGHT_BY in
    kube-vip) fail "no API server answers at https://$API_ADDRESS:6443: is the address free, and in the servers' own" \
      "network? Look at 'k3s kubectl --namespace kube-system logs daemonset/kube-vip'" ;;
    *) fail "no API server answers at https://$API_ADDRESS:6443: let your load balancer pass TCP on port 6443 to the" \
      "servers, or set cluster.virtualIp.provider: kube-vip" ;;
  esac
}

# Not from the script's own input, of which a command could otherwise eat the rest.
main </dev/null
