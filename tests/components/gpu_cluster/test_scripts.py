"""The scripts that run on hosts, run for real in a scratch root with stubs in place of system commands."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.gpu_cluster.k3s.hosts import SCRIPTS, script_input

RELEASE = "v1.36.5+k3s1"
SCRIPT_FILES = sorted(SCRIPTS.glob("*.sh"))

# The stub of k3s is what a download yields; the other stubs log how they were called.
K3S = """#!/bin/sh
[ "$1" = --version ] && { echo "k3s version @RELEASE@ (abc)"; exit 0; }
exit 0
"""
CURL = """#!/bin/sh
log="$STUB_LOG"; output=""; url=""
while [ $# -gt 0 ]; do
  case $1 in --output) output=$2; shift ;; --retry) shift ;; --*) ;; *) url=$1 ;; esac
  shift
done
echo "curl $url" >>"$log"
case $url in
  */sha256sum-*) echo "$STUB_SUM  k3s"; echo "$STUB_SUM  k3s-arm64" ;;
  *) cp "$STUB_BINARY" "$output" ;;
esac
"""
LOGGED = """#!/bin/sh
echo "$(basename "$0") $*" >>"$STUB_LOG"
"""
NVIDIA_SMI = """#!/bin/sh
for gpu in $(seq "$STUB_GPUS"); do echo "GPU $gpu"; done
"""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A scratch host: a root folder and a log of what was called."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def forget(self) -> None:
        (self.folder / "log").unlink(missing_ok=True)

    def stub(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, script: str, variables: Mapping[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
        binary = self.folder / "k3s"
        checksum = hashlib.sha256(binary.read_bytes()).hexdigest()
        return subprocess.run(
            ["bash", "-s"],
            input=script_input(script, variables),
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "ROOT": str(self.root),
                "STUB_LOG": str(self.folder / "log"),
                "STUB_BINARY": str(binary),
                "STUB_SUM": checksum,
                "STUB_GPUS": "4",
                "POLL_SECONDS": "0",
                **environment,
            },
        )

    def files(self) -> dict[str, tuple[int, float, bytes]]:
        found = [path for path in self.root.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes()) for path in found}


def install(**changes: str) -> dict[str, str]:
    variables = {
        "K3S_ROLE": "server",
        "K3S_RELEASE": RELEASE,
        "K3S_DOWNLOAD_URL": "https://mirror.example.org/k3s",
        "K3S_CONFIG": "token: it's $ecret\nnode-name: server-1\n",
        "K3S_REGISTRIES": "mirrors: {}\n",
        "EXPECTED_GPUS": "0",
    }
    return variables | changes


@pytest.fixture
def scratch(tmp_path: Path) -> Host:
    host = Host(folder=tmp_path)
    (tmp_path / "k3s").write_text(K3S.replace("@RELEASE@", RELEASE))
    host.stub("curl", CURL)
    host.stub("systemctl", LOGGED)
    host.stub("sysctl", LOGGED)
    return host


def test_a_server_is_installed_configured_and_started(scratch: Host) -> None:
    done = scratch.run("install_k3s.sh", install())
    assert done.returncode == 0, done.stderr
    config = scratch.root / "etc/rancher/k3s/config.yaml"
    assert config.read_text() == "token: it's $ecret\nnode-name: server-1\n"
    assert config.stat().st_mode & 0o777 == 0o600
    assert "ExecStart=/usr/local/bin/k3s server" in (scratch.root / "etc/systemd/system/k3s.service").read_text()
    assert "systemctl restart k3s" in scratch.log
    assert "curl https://mirror.example.org/k3s/v1.36.5%2Bk3s1/k3s" in scratch.log


def test_an_agent_has_a_unit_of_its_own(scratch: Host) -> None:
    done = scratch.run("install_k3s.sh", install(K3S_ROLE="agent"))
    assert done.returncode == 0, done.stderr
    assert "k3s agent" in (scratch.root / "etc/systemd/system/k3s-agent.service").read_text()
    assert "systemctl restart k3s-agent" in scratch.log


def test_a_second_run_changes_and_restarts_nothing(scratch: Host) -> None:
    assert scratch.run("install_k3s.sh", install()).returncode == 0
    before = scratch.files()
    assert len(before) == 5
    scratch.forget()
    done = scratch.run("install_k3s.sh", install())
    assert done.returncode == 0, done.stderr
    assert scratch.files() == before
    assert scratch.log == ["systemctl start k3s"]


def test_a_changed_configuration_restarts_without_a_download(scratch: Host) -> None:
    assert scratch.run("install_k3s.sh", install()).returncode == 0
    scratch.forget()
    assert scratch.run("install_k3s.sh", install(K3S_CONFIG="token: other\n")).returncode == 0
    assert "systemctl restart k3s" in scratch.log
    assert not [line for line in scratch.log if line.startswith("curl")]


def test_a_newer_release_is_downloaded(scratch: Host) -> None:
    assert scratch.run("install_k3s.sh", install()).returncode == 0
    scratch.forget()
    (scratch.folder / "k3s").write_text(K3S.replace("@RELEASE@", "v1.36.10+k3s1"))
    assert scratch.run("install_k3s.sh", install(K3S_RELEASE="v1.36.10+k3s1")).returncode == 0
    assert [line for line in scratch.log if line.startswith("curl")]
    assert "systemctl restart k3s" in scratch.log


def test_a_host_that_is_ahead_is_not_downgraded(scratch: Host) -> None:
    assert scratch.run("install_k3s.sh", install()).returncode == 0
    scratch.forget()
    done = scratch.run("install_k3s.sh", install(K3S_RELEASE="v1.35.8+k3s1"))
    assert done.returncode == 0, done.stderr
    assert scratch.log == ["systemctl start k3s"]
    assert RELEASE in done.stdout


def test_a_download_with_another_checksum_is_not_installed(scratch: Host) -> None:
    done = scratch.run("install_k3s.sh", install(), STUB_SUM="0" * 64)
    assert done.returncode == 1
    assert "checksum" in done.stderr
    assert not (scratch.root / "usr/local/bin/k3s").exists()
    assert not [line for line in scratch.log if line.startswith("systemctl")]


def test_a_gpu_host_without_driver_is_named_with_the_fix(scratch: Host) -> None:
    done = scratch.run("install_k3s.sh", install(EXPECTED_GPUS="4"))
    assert done.returncode == 1
    assert "nvidia-smi is missing: install the NVIDIA driver" in done.stderr
    assert not scratch.files()


def test_a_gpu_host_without_container_toolkit_is_named_with_the_fix(scratch: Host) -> None:
    scratch.stub("nvidia-smi", NVIDIA_SMI)
    done = scratch.run("install_k3s.sh", install(EXPECTED_GPUS="4"))
    assert done.returncode == 1
    assert "install nvidia-container-toolkit before k3s starts" in done.stderr


def test_a_gpu_that_is_missing_stops_the_installation(scratch: Host) -> None:
    scratch.stub("nvidia-smi", NVIDIA_SMI)
    scratch.stub("nvidia-container-runtime", LOGGED)
    done = scratch.run("install_k3s.sh", install(EXPECTED_GPUS="4"), STUB_GPUS="3")
    assert done.returncode == 1
    assert "the driver shows 3 GPUs, the pool says 4" in done.stderr
    assert scratch.run("install_k3s.sh", install(EXPECTED_GPUS="4")).returncode == 0


def test_a_server_that_never_becomes_ready_is_named(scratch: Host) -> None:
    scratch.stub("sleep", "#!/bin/sh\n")
    (scratch.folder / "k3s").write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'k3s version v1.36.5+k3s1'\n")
    done = scratch.run("install_k3s.sh", install())
    assert done.returncode == 1
    assert "did not become ready: look at 'journalctl --unit k3s'" in done.stderr


def test_secrets_are_in_no_output_and_in_no_logged_argument(scratch: Host) -> None:
    done = scratch.run("install_k3s.sh", install())
    assert "$ecret" not in done.stdout + done.stderr + "\n".join(scratch.log)


def test_the_kubeconfig_names_the_address_at_which_clients_reach_the_api_server(scratch: Host) -> None:
    path = scratch.root / "etc/rancher/k3s/k3s.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("server: https://127.0.0.1:6443\n")
    done = scratch.run("read_kubeconfig.sh", {"API_ADDRESS": "10.20.0.10"})
    assert done.stdout == "server: https://10.20.0.10:6443\n"


def test_a_missing_kubeconfig_is_an_error(scratch: Host) -> None:
    done = scratch.run("read_kubeconfig.sh", {"API_ADDRESS": "10.20.0.10"})
    assert done.returncode == 1
    assert "k3s did not start as a server here" in done.stderr


@pytest.mark.parametrize("script", SCRIPT_FILES, ids=lambda path: path.name)
def test_scripts_stop_at_the_first_failing_step_and_pass_the_linter(script: Path) -> None:
    assert "set -euo pipefail" in script.read_text()
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
