"""The configuration that a k3s installation records in its inputs (components/gpu_cluster/k3s/control_plane)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from policies.checks import each, per_type
from policies.fields import Field, MalformedError
from policies.findings import Outcome
from policies.registry import ObjectCheck
from policies.subjects import Subject

INSTALLATION = "ai-platform:gpu_cluster:K3sInstallation"

API_SERVER, CONTROLLER_MANAGER, KUBELET = "kube-apiserver-arg", "kube-controller-manager-arg", "kubelet-arg"
"""Keys under which config.yaml hands arguments on."""

ConfigCheck = Callable[[Field], Iterable[Outcome]]


def servers(installation: Subject) -> list[Field]:
    """config.yaml of each server. Raises MalformedError when none is recorded: nothing would be judged then."""
    found = installation.root.at("servers").items()
    if not found:
        path = "servers"
        raise MalformedError(path, "the configuration of each server")
    return found


def nodes(installation: Subject) -> list[Field]:
    """config.yaml of each server and each agent."""
    return [*servers(installation), *installation.root.at("agents").items()]


def of_servers(check: ConfigCheck) -> ObjectCheck:
    """Run `check` on the configuration of each server."""
    return per_type(lambda installation: each(servers(installation), check), INSTALLATION)


def of_nodes(check: ConfigCheck) -> ObjectCheck:
    """Run `check` on the configuration of each server and each agent."""
    return per_type(lambda installation: each(nodes(installation), check), INSTALLATION)


def argument(config: Field, component: str, name: str) -> str:
    """The value that is handed on to `component` as `--name`, empty when there is none.

    `component` is the key of the configuration, such as `kube-apiserver-arg`; with a `+` behind it, k3s adds to what
    other files say. As on a command line the last one counts, a switch without a value is on, and `_` is `-`.
    """
    found = ""
    for item in (*config.at(component).items(), *config.at(f"{component}+").items()):
        key, given, value = item.text().removeprefix("--").partition("=")
        if key.replace("_", "-") == name:
            found = value if given else "true"
    return found
