"""Installation of the NVIDIA driver."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.gpu_cluster.k3s.hosts.host_commands import PATIENCE
from tests.components.gpu_cluster.k3s.program import (
    DRIVER,
    TOOLKIT,
    Commands,
    Keys,
    commands,
    failure,
    host_plan,
    installation_args,
    succeed,
    waits_for,
)
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost
from tools.render import wire

MODULES = "linux-modules-nvidia-580-server-open-6.8.0-60-generic"


def packages(host: ScratchHost) -> set[str]:
    """Names that apt was asked for."""
    calls = [line.split() for line in host.log if line.startswith("apt-get install")]
    return {word for call in calls for word in call[2:] if not word.startswith(("-", "Dpkg::", "DPkg::"))}


def test_signed_modules_are_taken_where_the_kernel_has_them(gpu_host: ScratchHost, program: Commands) -> None:
    gpu_host.say("driver-runs")
    gpu_host.say(f"package-{MODULES}")
    succeed(gpu_host, program["driver-gpu-1"])
    driver = {name for name in packages(gpu_host) if "container" not in name}
    assert driver == {"nvidia-utils-580-server", "nvidia-headless-no-dkms-580-server-open", MODULES}


def test_modules_are_built_for_other_kernels(gpu_host: ScratchHost, program: Commands) -> None:
    gpu_host.say("driver-runs")
    succeed(gpu_host, program["driver-gpu-1"])
    assert {"nvidia-headless-580-server-open", "linux-headers-6.8.0-60-generic"} < packages(gpu_host)
    assert not [line for line in gpu_host.log if line.startswith("systemd-run")]


def test_the_container_toolkit_comes_from_a_repository_with_the_known_key(
    gpu_host: ScratchHost, program: Commands
) -> None:
    gpu_host.say("driver-runs")
    succeed(gpu_host, program["driver-gpu-1"])
    source = (gpu_host.root / "etc/apt/sources.list.d/nvidia-container-toolkit.list").read_text()
    assert source == (
        "deb [signed-by=/etc/apt/keyrings/nvidia-container-toolkit.asc] https://mirror.example.org/toolkit/$(ARCH) /\n"
    )
    assert {"nvidia-container-toolkit=1.20.0-1", "libnvidia-container1=1.20.0-1"} < packages(gpu_host)


def test_another_key_of_that_repository_is_refused(gpu_host: ScratchHost, program: Commands) -> None:
    gpu_host.say("fingerprint", "0" * 40)
    assert f"has fingerprint {'0' * 40}, not {TOOLKIT.key_fingerprint}" in failure(gpu_host, program["driver-gpu-1"])
    assert not (gpu_host.root / "etc/apt").exists()
    assert not [line for line in gpu_host.log if "systemctl" in line]


@pytest.mark.parametrize("known", [True, None], ids=["by-setting", "by-switches"])
def test_gpus_behind_switches_get_the_fabric_manager(gpu_host: ScratchHost, keys: Keys, known: bool | None) -> None:
    if known is None:
        gpu_host.add_pci_device("0000:90:00.0", "0x068000")
    plan = host_plan(driver=replace(DRIVER, fabric_manager=known))
    made = commands(lambda: installation_args(keys, host_plan=plan))
    gpu_host.say("driver-runs")
    succeed(gpu_host, made["driver-gpu-1"])
    assert {"nvidia-fabricmanager-580", "libnvidia-nscq-580"} < packages(gpu_host)
    assert "systemctl enable --now --quiet nvidia-fabricmanager" in gpu_host.log


def test_a_driver_that_runs_is_left_as_it_is(gpu_host: ScratchHost, program: Commands) -> None:
    gpu_host.say("driver", "595")
    gpu_host.say("driver-runs")
    for name in ("nvidia-smi", "nvidia-container-runtime"):
        (gpu_host.folder / "later" / name).rename(gpu_host.folder / "bin" / name)
    before = gpu_host.files()
    assert "the driver of branch 595 runs" in succeed(gpu_host, program["driver-gpu-1"])
    assert gpu_host.files() == before
    assert gpu_host.changes == []


def test_a_driver_that_needs_a_reboot_shuts_the_door_first(gpu_host: ScratchHost, program: Commands) -> None:
    assert "reboots for the driver" in succeed(gpu_host, program["driver-gpu-1"])
    (reboot,) = [line for line in gpu_host.log if line.startswith("systemd-run")]
    assert "--on-active 10s" in reboot
    assert reboot.endswith("systemctl reboot || systemctl start ssh.socket ssh.service")
    assert gpu_host.log.index("systemctl stop ssh.socket ssh.service") < gpu_host.log.index(reboot)


def test_a_node_is_never_rebooted_for_a_driver(gpu_host: ScratchHost, program: Commands) -> None:
    gpu_host.say("unit-k3s-agent")
    assert "k3s runs here: drain the node and reboot it" in failure(gpu_host, program["driver-gpu-1"])
    assert not [line for line in gpu_host.log if "systemd-run" in line or "ssh.service" in line]


def test_packages_that_cannot_be_had_are_named(gpu_host: ScratchHost, program: Commands) -> None:
    gpu_host.say("apt-fails")
    assert "cannot install nvidia-container-toolkit=1.20.0-1" in failure(gpu_host, program["driver-gpu-1"])


def test_what_follows_waits_for_the_host_and_for_all_its_gpus(gpu_host: ScratchHost, program: Commands) -> None:
    check = program["driver-check-gpu-1"]
    assert waits_for(check) == {"driver-gpu-1"}
    assert wire.clear(check.inputs["connection"])["dialErrorLimit"] == PATIENCE
    assert wire.clear(program["driver-gpu-1"].inputs["connection"])["dialErrorLimit"] < PATIENCE
    succeed(gpu_host, program["driver-gpu-1"])
    gpu_host.say("driver-runs")
    gpu_host.say("gpus", "3")
    assert "the driver shows 3 GPUs, the host's pool says 4" in failure(gpu_host, check)
    gpu_host.say("gpus", "4")
    assert "the driver of branch 580 shows 4 GPUs" in succeed(gpu_host, check)
    gpu_host.say("driver", "570")
    assert "upgrade it to 580 or newer" in failure(gpu_host, check)
