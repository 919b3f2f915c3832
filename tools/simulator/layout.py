"""Where a simulated cluster keeps its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tools.simulator.certificates import Identity


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The files of one cluster, all under one state folder."""

    folder: Path

    @property
    def certificates(self) -> Path:
        """Keys and certificates."""
        return self.folder / "certificates"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, with the certificates in it."""
        return self.folder / "kubeconfig"

    @property
    def data(self) -> Path:
        """etcd's data."""
        return self.folder / "etcd"

    @property
    def logs(self) -> Path:
        """One log per process, and the audit log."""
        return self.folder / "logs"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log, one JSON object per line."""
        return self.logs / "audit.log"

    def log(self, component: str) -> Path:
        """Log of one process."""
        return self.logs / f"{component}.log"

    def kubeconfig_of(self, identity: Identity) -> Path:
        """Kubeconfig of one of the cluster's own processes."""
        return self.folder / "kubeconfigs" / identity.file
