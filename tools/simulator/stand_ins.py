"""The process that stands in for a storage driver and a load balancer, as long as the simulated cluster runs.

It is a process of the cluster and no part of a command, so that claims and Services made later, by hand or by a
running `pulumi up`, are served the same.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tools.simulator.addresses import provide_addresses
from tools.simulator.api import ApiClient
from tools.simulator.errors import SimulatorError
from tools.simulator.volumes import provide_volumes

_POLL_SECONDS = 0.5
_PAUSE_AFTER_ERROR_SECONDS = 2.0


def serve_once(client: ApiClient) -> tuple[str, ...]:
    """Serve what waits now; return a line for each thing done. Raises SimulatorError."""
    volumes = (f"volume {name}" for name in provide_volumes(client))
    addresses = (f"address for Service {name}" for name in provide_addresses(client))
    return (*volumes, *addresses)


def main() -> None:
    """Serve until ended. An API server that is away for a moment is waited for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    client = ApiClient.from_kubeconfig(parser.parse_args().kubeconfig)
    while True:
        try:
            for line in serve_once(client):
                print(line, flush=True)
            time.sleep(_POLL_SECONDS)
        except SimulatorError as error:
            print(error, file=sys.stderr, flush=True)
            time.sleep(_PAUSE_AFTER_ERROR_SECONDS)


if __name__ == "__main__":
    main()
