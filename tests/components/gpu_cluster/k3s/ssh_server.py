"""A real OpenSSH server of the test's own on the loopback address, and the client that talks to it.

The client is given what a rendered command carries: connection, command line, standard input.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def missing_parts() -> str | None:
    """Why no server can be started here, or None."""
    if SSHD is None or shutil.which("ssh") is None or shutil.which("ssh-keygen") is None:
        return "sshd and ssh are not installed (.ci/run installs them)"
    if os.geteuid() == 0 and not (Path("/run/sshd").is_dir() and _has_user("sshd")):
        return "sshd needs the user sshd and the folder /run/sshd when root starts it (.ci/run makes both)"
    return None


def _has_user(name: str) -> bool:
    return subprocess.run(["getent", "passwd", name], capture_output=True, check=False).returncode == 0


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """An SSH key. `public` is without comment, as `known_hosts` has it."""

    path: Path

    @property
    def private(self) -> str:
        return self.path.read_text()

    @property
    def public(self) -> str:
        return " ".join(self.path.with_suffix(".pub").read_text().split()[:2])


def new_key(path: Path) -> KeyPair:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(path)], check=True)
    return KeyPair(path=path)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def login() -> str:
    """The user that tests run as: sshd lets nobody else in unless root starts it."""
    return getpass.getuser()


@contextmanager
def running_server(
    folder: Path, *, port: int, host_key: KeyPair, user_key: KeyPair, environment: Mapping[str, str]
) -> Iterator[None]:
    """Serve sessions that have `environment` until the block ends."""
    folder.mkdir()
    authorized = folder / "authorized_keys"
    authorized.write_text(user_key.public + "\n")
    settings = folder / "sshd_config"
    variables = " ".join(f'"{key}={value}"' for key, value in environment.items())
    settings.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {host_key.path}\nAuthorizedKeysFile {authorized}\n"
        f"PidFile {folder / 'pid'}\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
        f"KbdInteractiveAuthentication no\nPermitRootLogin yes\nSetEnv {variables}\n"
    )
    log = (folder / "sshd.log").open("w")
    with log, subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(settings)], stderr=log) as server:
        try:
            _wait_for(port, server, folder / "sshd.log")
            yield
        finally:
            server.terminate()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if server.poll() is not None:
            break
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(log.read_text())


def run_command(
    folder: Path, connection: Mapping[str, Any], command_line: str, stdin: str, *, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run what a rendered command says, as the provider does: with its key, and checking the host's."""
    folder.mkdir(exist_ok=True)
    key, known = folder / "key", folder / "known_hosts"
    key.touch(mode=0o600)
    key.write_text(connection["privateKey"])
    known.write_text(f"[{connection['host']}]:{connection['port']} {connection['hostKey']}\n")
    options = {
        "UserKnownHostsFile": str(known),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "BatchMode": "yes",
        "LogLevel": "ERROR",
    }
    return subprocess.run(
        [
            "ssh",
            *("-F", "none", "-i", str(key), "-p", str(connection["port"]), "-l", connection["user"]),
            *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
            connection["host"],
            command_line,
        ],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )
