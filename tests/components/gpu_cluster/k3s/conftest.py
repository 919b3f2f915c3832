"""Fixtures of tests that run scripts on scratch hosts through a real sshd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.components.gpu_cluster.k3s import ssh_server
from tests.components.gpu_cluster.k3s.program import Commands, Keys, commands, installation_args, new_keys
from tests.components.gpu_cluster.k3s.scratch_host import ScratchHost, new_host

StartHost = Callable[..., ScratchHost]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    reason = ssh_server.missing_parts()
    if reason:
        pytest.skip(reason)
    return new_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def program(keys: Keys) -> Commands:
    """The commands of three servers and two GPU hosts whose driver is installed."""
    return commands(lambda: installation_args(keys))


@pytest.fixture
def start(tmp_path: Path, keys: Keys) -> Iterator[StartHost]:
    """Start a scratch host by the name that the program knows it by. One at a time: they have one address."""
    with ExitStack() as stack:

        def serve(name: str, *, gpus: int = 0) -> ScratchHost:
            host = new_host(tmp_path / name, name, gpus=gpus)
            stack.enter_context(
                ssh_server.running_server(
                    host.folder / "sshd",
                    port=keys.port,
                    host_key=keys.host,
                    user_key=keys.user,
                    environment=host.environment,
                )
            )
            return host

        yield serve


@pytest.fixture
def gpu_host(start: StartHost) -> ScratchHost:
    return start("gpu-1", gpus=4)


@pytest.fixture
def server(start: StartHost) -> ScratchHost:
    return start("server-1")
