#!/usr/bin/env bash
# Waits until the NVIDIA driver shows all GPUs of a host, after a reboot or without one. Changes nothing else than to
# start the fabric manager.
#
# Read by `bash -s` from standard input, after common.sh and lines that set NODE_NAME, EXPECTED_GPUS, FABRIC_MANAGER and
# DRIVER_BRANCH as for preflight.sh.
set -euo pipefail

POLLS=${POLLS:-60} # every 5 seconds

main() {
  local attempt branch
  for ((attempt = 0; attempt < POLLS; attempt++)); do
    if (($(driver_gpus) == EXPECTED_GPUS)); then break; fi
    sleep 5
  done
  ((attempt < POLLS)) ||
    fail "the driver shows $(driver_gpus) GPUs, the host's pool says $EXPECTED_GPUS: look at 'nvidia-smi' and 'dmesg'"
  branch=$(driver_branch)
  ((branch >= DRIVER_BRANCH)) || fail "the NVIDIA driver is of branch $branch: upgrade it to $DRIVER_BRANCH or newer"
  has nvidia-container-runtime || fail "nvidia-container-runtime is missing: install nvidia-container-toolkit"
  if needs_fabric_manager; then
    systemctl is-active --quiet nvidia-fabricmanager || systemctl enable --now --quiet nvidia-fabricmanager ||
      fail "nvidia-fabricmanager does not start: it must have exactly the driver's version, see" \
        "'journalctl --unit nvidia-fabricmanager'"
  fi
  say "the driver of branch $branch shows $EXPECTED_GPUS GPUs"
}

main </dev/null
