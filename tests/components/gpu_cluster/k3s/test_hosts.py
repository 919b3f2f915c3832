"""What happens on which host in which order, as the program registers it."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator

import pytest

from components.gpu_cluster.k3s.hosts.host_plan import HostDriver
from tests.components.gpu_cluster.clusters import MIG_POOL, host
from tests.components.gpu_cluster.k3s.program import Commands, commands, host_plan, installation_args, waits_for
from tests.components.surroundings import GPU_POOL
from tools.render import wire
from tools.render.monitor import RecordedResource

HOSTS = ("server-1", "server-2", "server-3", "gpu-1", "gpu-2")
PREFLIGHTS = {f"preflight-{name}" for name in HOSTS}


@pytest.fixture(scope="module")
def program() -> Commands:
    return commands(installation_args)


def variables(command: RecordedResource) -> dict[str, str]:
    """The assignments that a script is given before the files and its own text."""
    text: str = wire.clear(command.inputs["stdin"]).partition("\nFILE_PATHS=")[0]
    return dict(word.split("=", 1) for word in shlex.split(text) if "=" in word)


def before(program: Commands, name: str) -> set[str]:
    """All commands that must have succeeded when this one starts."""
    direct = waits_for(program[name])
    return direct.union(*(before(program, earlier) for earlier in direct))


def after(program: Commands, name: str) -> set[str]:
    """All commands that never start when this one fails."""
    return {other for other in program if name in before(program, other)}


def test_nothing_starts_before_every_host_was_checked(program: Commands) -> None:
    assert {name for name in program if not waits_for(program[name])} == PREFLIGHTS
    for name in set(program) - PREFLIGHTS:
        assert before(program, name) >= PREFLIGHTS


def test_one_host_that_fails_its_check_stops_everything(program: Commands) -> None:
    for name in PREFLIGHTS:
        assert after(program, name) == set(program) - PREFLIGHTS


@pytest.mark.parametrize("step", ["preparation", "driver", "driver-check"])
def test_a_failing_step_stops_what_follows_on_its_host(program: Commands, step: str) -> None:
    stopped = after(program, f"{step}-gpu-2")
    assert {"agent-gpu-2", "kubeconfig"} <= stopped
    assert "agent-gpu-1" not in stopped


def test_servers_join_one_after_another_and_agents_after_all_of_them(program: Commands) -> None:
    servers = [f"server-server-{index}" for index in (1, 2, 3)]
    for earlier, later in itertools.pairwise(servers):
        assert earlier in before(program, later)
    for agent in ("agent-gpu-1", "agent-gpu-2"):
        assert before(program, agent) >= set(servers)
    assert before(program, "kubeconfig") >= {*servers, "agent-gpu-1", "agent-gpu-2"}


def sessions(program: Commands, name: str) -> Iterator[tuple[str, str]]:
    """Pairs of commands on one host that the engine may run at the same time."""
    own = [command for command in program if command.endswith(f"-{name}")]
    assert len(own) >= 4
    for one, other in itertools.combinations(own, 2):
        if one not in before(program, other) and other not in before(program, one):
            yield one, other


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_has_one_session_at_a_time(program: Commands, name: str) -> None:
    assert list(sessions(program, name)) == []


def test_agents_are_removed_before_servers_and_both_after_everything_in_the_cluster(program: Commands) -> None:
    """The engine deletes what depends on a resource before the resource itself."""
    removals = {name for name in program if name.startswith("removal-")}
    assert removals == {f"removal-{name}" for name in HOSTS}
    for agent in ("gpu-1", "gpu-2"):
        assert before(program, f"removal-{agent}") >= {f"removal-server-{index}" for index in (1, 2, 3)}
    for name in removals:
        assert "kubeconfig" in after(program, name)


def test_removal_is_never_part_of_what_can_be_replaced(program: Commands) -> None:
    destructive = {name for name, command in program.items() if "delete" in command.inputs}
    assert destructive == {f"removal-{name}" for name in HOSTS}
    assert not [name for name, command in program.items() if "triggers" in command.inputs]
    assert not [name for name in destructive if wire.is_secret(program[name].inputs["stdin"])]


@pytest.mark.parametrize("protect", [True, False])
def test_hosts_stay_as_they_are_while_data_is_protected(protect: bool) -> None:
    found = commands(lambda: installation_args(protect_data=protect))
    removals = [command for name, command in found.items() if name.startswith("removal-")]
    assert len(removals) == 5
    assert {command.retain_on_delete for command in removals} == {protect}


def test_every_command_has_an_end(program: Commands) -> None:
    """The provider itself waits for ever."""
    for command in program.values():
        assert any("timeout " in command.inputs[key] for key in ("create", "delete") if key in command.inputs)


def test_the_driver_comes_from_where_the_settings_say() -> None:
    for source in ("preinstalled", "operator"):
        plan = host_plan(driver=HostDriver(source=source))
        found = commands(lambda plan=plan: installation_args(host_plan=plan))
        assert variables(found["preflight-gpu-1"])["DRIVER"] == source
        assert "driver-gpu-1" not in found
    default = commands(installation_args)
    assert variables(default["preflight-gpu-1"])["DRIVER"] == "packages"
    assert variables(default["preflight-server-1"])["DRIVER"] == "none"
    assert "driver-server-1" not in default


def test_hosts_are_checked_for_as_many_gpus_as_their_pool_says() -> None:
    agents = (host("gpu-1", 21, GPU_POOL), host("gpu-2", 22, MIG_POOL))
    found = commands(lambda: installation_args(agents=agents))
    assert variables(found["preflight-gpu-1"])["EXPECTED_GPUS"] == "4"
    assert variables(found["preflight-gpu-2"])["EXPECTED_GPUS"] == "8"
    assert variables(found["preflight-server-1"])["EXPECTED_GPUS"] == "0"


def test_servers_and_agents_need_their_own_ports(program: Commands) -> None:
    server = variables(program["preflight-server-1"])["TCP_PORTS"].split()
    assert {"2379", "2380", "6443", "10250"} < set(server)
    assert "6443" not in variables(program["preflight-gpu-1"])["TCP_PORTS"].split()


def test_a_host_is_told_its_name_by_every_command(program: Commands) -> None:
    for name in HOSTS:
        own = [command for step, command in program.items() if step.endswith(f"-{name}")]
        assert {variables(command)["NODE_NAME"] for command in own} == {name}


def test_another_agent_changes_the_firewall_of_every_host_and_no_server() -> None:
    agents = (host("gpu-1", 21, GPU_POOL), host("gpu-2", 22, GPU_POOL))
    fewer = commands(lambda: installation_args(agents=agents[:1]))
    more = commands(lambda: installation_args(agents=agents))
    changed = {name for name in fewer if fewer[name].inputs != more[name].inputs}
    assert changed == {f"preparation-{name}" for name in HOSTS[:-1]}
