"""The simulated cluster as one object: start, look, stop."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml

from components.base.node_pools import NodePool
from tools.machine_cache import Report
from tools.simulator import control_plane, nodes, ports, processes
from tools.simulator.api import ApiClient
from tools.simulator.binaries import Binaries, ensure_binaries
from tools.simulator.certificates import ADMIN, ETCD_CLIENT, Certificates, Identity, ensure_certificates
from tools.simulator.control_plane import API_SERVER, ETCD, ETCD_PEER, KWOK, server_url
from tools.simulator.crds import InstalledCrds, install_crds
from tools.simulator.errors import SimulatorError
from tools.simulator.kubectl import Kubectl
from tools.simulator.layout import Layout
from tools.simulator.processes import Component, ProcessStatus, is_running
from tools.simulator.state import StateFile
from tools.simulator.supervisor import Supervisor, require_running

Engine = Literal["pulumi", "render"]


def _silent(_: str) -> None:
    return None


class SimulatedCluster:
    """A cluster whose state lies under one folder. Every method raises SimulatorError with one clear line."""

    def __init__(self, state_dir: Path, assets: Path | None = None, api_port: int | None = None) -> None:
        """`assets` holds ready binaries (default: $KUBEBUILDER_ASSETS); `api_port` pins the API server's port."""
        self.layout = Layout(folder=state_dir.absolute())
        self._assets = assets
        self._api_port = api_port
        self._state_file = StateFile(self.layout.folder)
        self._binaries: Binaries | None = None

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; it exists once the cluster was started."""
        return self.layout.kubeconfig

    @property
    def kubectl(self) -> Kubectl:
        """kubectl for this cluster."""
        binary = self.build()["kubectl"]
        return Kubectl(binary=binary, kubeconfig=self.kubeconfig, cache=self.layout.folder / "kubectl-cache")

    @property
    def client(self) -> ApiClient:
        """A new administrator's connection to the API server."""
        port = self._state_file.read().ports.get(API_SERVER)
        if port is None:
            raise SimulatorError(f"no simulated cluster was started in {self.layout.folder}")
        return _client(Certificates(self.layout.certificates), ADMIN, port)

    @property
    def engine(self) -> str | None:
        """The engine that deployed to this cluster, None before the first deployment."""
        return self._state_file.read().engine

    def require_engine(self, engine: Engine) -> None:
        """Raise SimulatorError when the other engine deployed to this cluster."""
        found = self.engine
        if found not in (None, engine):
            raise SimulatorError(
                f"this cluster was brought up with ENGINE={found}, and ENGINE={engine} would not know its objects: "
                "run `make down` first"
            )

    def claim_engine(self, engine: Engine) -> None:
        """Record who deploys here. Raises SimulatorError when it was the other engine until now."""
        self.require_engine(engine)
        state = self._state_file.read()
        state.engine = engine
        self._state_file.write(state)

    def status(self) -> tuple[ProcessStatus, ...]:
        """Every process of the cluster in the order of starting; empty when it was never started."""
        state = self._state_file.read()
        running = {name: record.pid for name, record in state.processes.items() if is_running(record)}
        return tuple(
            ProcessStatus(name=name, pid=running.get(name), port=state.ports.get(name), log=self.layout.log(name))
            for name in (control_plane.PROGRAMS if state.ports else ())
        )

    def check(self) -> None:
        """Raise SimulatorError that names a process that has ended, with its last log lines."""
        require_running(self._state_file.read(), self.layout)

    def build(self, report: Report = _silent) -> Binaries:
        """Find or build the binaries; about ten minutes of two cores the first time on a machine."""
        if self._binaries is None:
            self._binaries = ensure_binaries(report, self._assets)
        return self._binaries

    def start(self, pools: Sequence[NodePool], report: Report = _silent) -> Path:
        """Bring the cluster up with `min_nodes` nodes per pool and return its kubeconfig.

        What runs already and is up to date is left alone; what has ended is started again on the same data, so that
        a start that was interrupted anywhere goes on when called again.
        """
        processes.require_linux()
        binaries = self.build(report)
        with self._state_file.only_command():
            supervisor = Supervisor(self.layout, self._state_file, report)
            supervisor.forget_ended()
            self._choose_ports(supervisor)
            certificates = ensure_certificates(self.layout.certificates)
            listening = supervisor.state.ports
            control_plane.write_kubeconfigs(self.layout, certificates, listening[API_SERVER])
            for component in control_plane.components(self.layout, certificates, binaries, listening):
                prepare = self._release_leases if component.name == KWOK else None
                supervisor.ensure_running(component, prepare)
                _wait_until_serving(component, supervisor, certificates)
            _provide_nodes(self.client, pools, supervisor, report)
        return self.kubeconfig

    def install_crds(self, objects: Iterable[Mapping[str, Any]], folders: Sequence[Path] = ()) -> InstalledCrds:
        """Install the definitions that these objects need, see `crds.install_crds`."""
        return install_crds(self.client, objects, folders)

    def stop(self, report: Report = _silent) -> None:
        """End every process of the cluster; its data stays for the next start."""
        if self.layout.folder.is_dir():
            with self._state_file.only_command():
                Supervisor(self.layout, self._state_file, report).end_all()

    def remove(self, report: Report = _silent) -> None:
        """End every process of the cluster and delete its state folder with all data, keys and logs."""
        if self.layout.folder.is_dir():
            with self._state_file.only_command():
                Supervisor(self.layout, self._state_file, report).end_all()
                shutil.rmtree(self.layout.folder)

    def _release_leases(self) -> None:
        nodes.release_leases(self.client)

    def _choose_ports(self, supervisor: Supervisor) -> None:
        """Keep recorded ports where that is possible, so that kubeconfigs handed out stay good."""
        chosen = supervisor.state.ports
        for name in control_plane.LISTENING:
            pinned = self._api_port if name == API_SERVER else None
            recorded = chosen.get(name)
            runs = (ETCD if name == ETCD_PEER else name) in supervisor.state.processes
            if runs and pinned in (None, recorded):
                continue
            if pinned is not None:
                ports.require_free(pinned)
                chosen[name] = pinned
            elif recorded is None or not ports.is_free(recorded):
                chosen[name] = ports.free_port(chosen.values())
        supervisor.save()


def _client(certificates: Certificates, identity: Identity, port: int) -> ApiClient:
    pair = certificates.of(identity)
    return ApiClient(server_url(port), certificates.authority.certificate, pair.certificate, pair.key)


def _wait_until_serving(component: Component, supervisor: Supervisor, certificates: Certificates) -> None:
    if component.name == ETCD:
        store = _client(certificates, ETCD_CLIENT, supervisor.state.ports[ETCD])
        supervisor.wait_for(ETCD, lambda: store.get("/health").get("health") == "true")
    if component.name == API_SERVER:
        client = _client(certificates, ADMIN, supervisor.state.ports[API_SERVER])
        supervisor.wait_for(API_SERVER, lambda: client.text("GET", "/readyz") == "ok")
        for role in yaml.safe_load_all(control_plane.ROLES.read_text()):
            client.apply(f"/apis/{role['apiVersion']}/{role['kind'].lower()}s/{role['metadata']['name']}", role)


def _provide_nodes(client: ApiClient, pools: Sequence[NodePool], supervisor: Supervisor, report: Report) -> None:
    changed = nodes.reconcile_nodes(client, pools)
    if changed:
        report(f"nodes: {', '.join(changed)}")
    supervisor.wait_for("the simulated nodes", lambda: not nodes.unready_nodes(client))
    # Pods of a namespace are refused before the controller manager has made its service account.
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    supervisor.wait_for("the default service account", lambda: bool(client.get(account)))
