"""What the API server of a simulated cluster says to one object that is to be stored nowhere."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPResponse
from typing import Any

from tools.simulator.api import ApiClient, ApiError
from tools.simulator.certificates import ADMIN, Certificates
from tools.simulator.cluster import SimulatedCluster
from tools.simulator.kubectl import Completed

Json = dict[str, Any]

_NAMED = re.compile(r"with binding '[^']*': ([A-Z]+-[0-9]+): ")

DENIED = "ValidatingAdmissionPolicy '"
"""How the API server begins to tell which policy refused an object."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`text` is what the API server said against the object, empty when it would take it.

    A refusal names one rule. `broken` are all that the bindings that only warn have named, where there are such.
    """

    text: str
    broken: frozenset[str] = frozenset()

    @property
    def accepted(self) -> bool:
        return not self.text

    def refuses_by(self, rule: str) -> bool:
        """Whether the admission policies refused it, and `rule` is among what they have against it."""
        return DENIED in self.text and (f"denied request: {rule}: " in self.text or rule in self.broken)

    @property
    def is_invalid(self) -> bool:
        """Whether the API server took it for no valid object, before any policy was asked."""
        return "is invalid: " in self.text and DENIED not in self.text


class _Hearing(ApiClient):
    """The administrator's client, which keeps the warnings that came with the latest answer."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        server = json.loads(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        certificates = Certificates(cluster.layout.certificates)
        pair = certificates.of(ADMIN)
        super().__init__(server, certificates.authority.certificate, pair.certificate, pair.key)
        self.warnings: list[str] = []

    def _receive(self, response: HTTPResponse) -> tuple[int, str]:
        self.warnings = response.headers.get_all("Warning") or []
        return super()._receive(response)


class Server:
    """The API server of `cluster`, asked over one connection."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster
        self._client = _Hearing(cluster)

    def ask(self, item: Mapping[str, Any]) -> Answer:
        """Whether the administrator could create `item`."""
        try:
            self._client.create(f"{self._collection(item)}?dryRun=All", dict(item))
        except ApiError as error:
            return Answer(text=str(error), broken=self._broken())
        return Answer(text="")

    def ask_as(self, item: Mapping[str, Any], user: str, *groups: str) -> Answer:
        """Whether `user`, who has the rights of an administrator, could create `item`."""
        arguments = ("create", "--dry-run=server", "--filename=-", f"--as={user}", "--as-group=system:masters")
        members = [f"--as-group={group}" for group in groups]
        return answer(self._cluster.kubectl.run(*arguments, *members, stdin=json.dumps(item), check=False))

    def _broken(self) -> frozenset[str]:
        return frozenset(match[1] for warning in self._client.warnings for match in _NAMED.finditer(warning))

    def _collection(self, item: Mapping[str, Any]) -> str:
        version, kind = item["apiVersion"], item["kind"]
        prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
        name, namespaced = _resource(self._client, prefix, kind)
        place = f"/namespaces/{item['metadata']['namespace']}" if namespaced else ""
        return f"{prefix}{place}/{name}"


@cache
def _resource(client: ApiClient, prefix: str, kind: str) -> tuple[str, bool]:
    """Plural name of a kind, and whether its objects lie in namespaces."""
    [found] = [item for item in client.get(prefix)["resources"] if item["kind"] == kind and "/" not in item["name"]]
    return found["name"], found["namespaced"]


def answer(completed: Completed) -> Answer:
    return Answer(text="" if completed.returncode == 0 else "\n".join(completed.errors) or "refused")


def manifest_of(record: Json) -> Json:
    """The object of a record of graph.json."""
    _, version, kind = record["type"].split(":")
    inputs = copy.deepcopy(record["inputs"])
    metadata = {"name": record["name"]} | (inputs.get("metadata") or {})
    return {"apiVersion": version.removeprefix("core/"), "kind": kind} | inputs | {"metadata": metadata}


def completed(item: Json) -> Json:
    """The object with what the API server itself demands of such an object, and the cases leave out."""
    if item["kind"] == "Role":
        for rule in item["rules"]:
            if rule.get("nonResourceURLs") == ["/metrics"]:
                del rule["nonResourceURLs"]
    if item["kind"] == "ClusterRole":
        # Paths and resources stand in rules of their own.
        item["rules"] = [part for rule in item["rules"] for part in _parts(rule)]
    for subject in item.get("subjects") or []:
        if str(subject.get("name")).startswith("system:"):
            # Such a name is that of a group or a user, never of a ServiceAccount.
            subject |= {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io"}
            subject.pop("namespace", None)
    if item["kind"] == "Ingress":
        for rule in item["spec"].get("rules") or []:
            for path in (rule.get("http") or {}).get("paths") or []:
                path.setdefault("pathType", "Prefix")
    return item


def _parts(rule: Json) -> list[Json]:
    paths = {key: value for key, value in rule.items() if key in {"nonResourceURLs", "verbs"}}
    resources = {key: value for key, value in rule.items() if key != "nonResourceURLs"}
    return [part for part in (resources, paths) if part.keys() - {"verbs"}]


def as_rollout(workload: Json) -> Json:
    """The same pods in a Rollout, whose definition here accepts any content: only policies can refuse it."""
    return _without_nulls(workload) | {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}


def _without_nulls(place: Any) -> Any:
    """As the API server reads an object whose definition, unlike the stub here, names its members."""
    if isinstance(place, dict):
        return {key: _without_nulls(item) for key, item in place.items() if item is not None}
    return [_without_nulls(item) for item in place] if isinstance(place, list) else place
