"""An AWS CLI and a kubectl made of files: each thing that exists is a line of a file, deleting takes it away.

A line may end in `<TAB>STUCK`: deleting such a thing is answered as if it had worked, and it stays.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[4] / "components/gpu_cluster/scripts/remove_cloud_leftovers.sh"

_COMMON = """
import os, sys
from pathlib import Path
world = Path(os.environ["STUB_WORLD"])
arguments = sys.argv[1:]
with (world / "log").open("a") as log:
    log.write(Path(sys.argv[0]).name + " " + " ".join(arguments) + "\\n")

def rows(kind):
    path = world / kind
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split("\\t") for line in lines]

def remove(kind, name):
    kept = ["\\t".join(row) for row in rows(kind) if row[0] != name or row[-1] == "STUCK"]
    (world / kind).write_text("\\n".join(kept))

def option(name):
    return arguments[arguments.index(name) + 1]

def fail(text):
    sys.stderr.write(text + "\\n")
    sys.exit(254)
"""

KUBECTL = (
    _COMMON
    + """
if not os.environ.get("KUBECONFIG"):
    fail("no kubeconfig")
verb, kind = arguments[0], arguments[1]
if (world / "no-api").exists():
    fail("connection refused")
if kind == "customresourcedefinitions":
    print("\\n".join(row[0] for row in rows("crds") if row[0] == arguments[2]))
elif verb == "get":
    for row in rows(kind):
        print(row[0])
elif verb == "delete":
    remove({"service": "services", "ingress": "ingresses"}[kind], option("--namespace") + "/" + arguments[4])
"""
)

AWS = (
    _COMMON
    + """
service, verb = arguments[0], arguments[1]
if (world / "throttled").exists() and verb == (world / "throttled").read_text():
    fail("An error occurred (Throttling) when calling the operation")

def listed(kind, *tags):
    found = [row[0] for row in rows(kind) if set(tags) <= set(row[1:])]
    print("\\t".join(found) if found else "None")

def filters():
    start = arguments.index("--filters") + 1
    return [text for text in arguments[start:] if text.startswith("Name=")]

if verb == "get-caller-identity":
    print((world / "account").read_text())
elif verb == "describe-cluster":
    if not rows("cluster"):
        fail("An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation")
    print(rows("cluster")[0][0])
elif verb == "update-kubeconfig":
    Path(option("--kubeconfig")).write_text("kubeconfig of " + option("--name"))
elif verb == "get-resources":
    kind = option("--resource-type-filters").split(":")[1]
    listed("tagged-" + kind, option("--tag-filters"))
elif verb == "describe-load-balancers":
    name = option("--load-balancer-arns") if service == "elbv2" else option("--load-balancer-names")
    if not [row for row in rows("loadbalancer") if row[0].endswith(name)]:
        fail("An error occurred (LoadBalancerNotFound) when calling the operation")
elif verb == "delete-load-balancer":
    name = option("--load-balancer-arn") if service == "elbv2" else option("--load-balancer-name")
    for row in rows("loadbalancer"):
        if row[0].endswith(name):
            remove("loadbalancer", row[0])
elif verb == "describe-target-groups":
    if option("--target-group-arns") not in [row[0] for row in rows("targetgroup")]:
        fail("An error occurred (TargetGroupNotFound) when calling the operation")
elif verb == "delete-target-group":
    remove("targetgroup", option("--target-group-arn"))
elif verb == "list-instance-profiles":
    prefix = option("--path-prefix")
    print("\\t".join(row[0] for row in rows("profiles") if row[1].startswith(prefix)) or "None")
elif verb == "get-instance-profile":
    print("node-role")
elif verb == "delete-instance-profile":
    remove("profiles", option("--instance-profile-name"))
elif verb.startswith("describe-"):
    wanted = [text for text in filters() if "-state-name" not in text and "status" not in text]
    found = [row for row in rows(verb[9:]) if set(wanted) <= set(row[1:])]
    for text in filters():
        if text.startswith("Name=status,Values="):
            found = [row for row in found if row[-1 if row[-1] != "STUCK" else -2] in text.split("=")[-1].split(",")]
    print("\\t".join(row[0] for row in found) or "None")
elif verb == "terminate-instances":
    for name in arguments[3:]:
        remove("instances", name)
elif verb == "delete-launch-template":
    remove("launch-templates", option("--launch-template-id"))
elif verb == "delete-network-interface":
    remove("network-interfaces", option("--network-interface-id"))
elif verb == "delete-security-group":
    remove("security-groups", option("--group-id"))
elif verb != "remove-role-from-instance-profile":
    fail("unknown: " + " ".join(arguments))
"""
)


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """What exists in the account and the cluster, and what was asked of them."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Cloud:
        """An account without anything in it."""
        cloud = cls(folder=folder)
        (folder / "bin").mkdir()
        for name, text in (("aws", AWS), ("kubectl", KUBECTL)):
            path = folder / "bin" / name
            path.write_text(f"#!{sys.executable}\n{text}")
            path.chmod(0o755)
        (folder / "account").write_text("111122223333")
        return cloud

    def put(self, kind: str, *rows: Iterable[str]) -> None:
        """Things of one kind, each with its name and its tags as filters name them."""
        (self.folder / kind).write_text("\n".join("\t".join(row) for row in rows))

    def left(self, kind: str) -> list[str]:
        """Names of the things of one kind that exist."""
        path = self.folder / kind
        return [line.split("\t")[0] for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def log(self) -> list[str]:
        """Every call, in order."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    @property
    def changes(self) -> list[str]:
        """The calls that delete something."""
        verbs = ("delete", "terminate", "remove")
        return [line for line in self.log if any(f" {verb}" in line for verb in verbs)]

    def remove_leftovers(self, phase: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script as the program does."""
        return subprocess.run(
            ["bash", "-c", SCRIPT.read_text()],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "STUB_WORLD": str(self.folder),
                "TMPDIR": str(self.folder),
                "PHASE": phase,
                "CLUSTER": "ai-platform-test",
                "ACCOUNT_ID": "111122223333",
                "AWS_REGION": "eu-north-1",
                "TIMEOUT_SECONDS": "0",
                "POLL_SECONDS": "0",
                **environment,
            },
        )
