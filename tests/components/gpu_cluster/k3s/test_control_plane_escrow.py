"""seal_token.sh with the real openssl: only the owner of the certificate opens what it prints."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from components.gpu_cluster.k3s.hosts.hosts import script_input

TOKEN = "it's-a-$ecret-token"
RSA = ("-newkey", "rsa:3072")
ELLIPTIC_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Who may open a sealed token: a folder with key.pem and cert.pem."""

    folder: Path

    @property
    def certificate(self) -> str:
        return (self.folder / "cert.pem").read_text().strip()

    def open(self, sealed: str) -> str:
        command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-inkey", "key.pem", "-recip", "cert.pem"]
        done = subprocess.run(
            command, input=base64.b64decode(sealed, validate=True), capture_output=True, check=True, cwd=self.folder
        )
        return done.stdout.decode()


def owner(folder: Path, *key: str) -> Owner:
    folder.mkdir()
    command = ["openssl", "req", "-x509", *key, "-nodes", "-subj", "/CN=escrow", "-days", "2"]
    subprocess.run(
        [*command, "-keyout", "key.pem", "-out", "cert.pem"], cwd=folder, check=True, stderr=subprocess.DEVNULL
    )
    return Owner(folder=folder)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A scratch server: a root folder, and a log of the command lines of external programs."""

    folder: Path

    @property
    def escrow(self) -> Path:
        return self.folder / "root/var/lib/rancher/k3s/server/token-escrow"

    @property
    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def seal(self, certificate: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-s"],
            input=script_input("seal_token.sh", {"K3S_TOKEN": token, "ESCROW_CERTIFICATE": certificate}),
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
                "ROOT": str(self.folder / "root"),
                "NODE_NAME": "server-1",
            },
        )


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Its programs write their command lines to a log and then do what they always do."""
    (tmp_path / "bin").mkdir()
    for name in ("openssl", "sha256sum", "base64", "cut", "cat", "mv"):
        path = tmp_path / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{tmp_path}/log"\nexec {shutil.which(name)} "$@"\n')
        path.chmod(0o755)
    return Server(folder=tmp_path)


@pytest.fixture(params=[RSA, ELLIPTIC_CURVE], ids=["rsa", "elliptic-curve"])
def someone(request: pytest.FixtureRequest, tmp_path: Path) -> Owner:
    return owner(tmp_path / "owner", *request.param)


def test_the_owner_of_the_certificate_opens_the_token(server: Server, someone: Owner) -> None:
    done = server.seal(someone.certificate)
    assert done.returncode == 0, done.stderr
    assert someone.open(done.stdout) == TOKEN


def test_a_second_run_prints_the_same_and_writes_nothing(server: Server, someone: Owner) -> None:
    first = server.seal(someone.certificate)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in server.escrow.iterdir()}
    assert len(before) == 3
    assert server.seal(someone.certificate).stdout == first.stdout
    assert {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in server.escrow.iterdir()} == before


def test_another_token_or_another_owner_is_sealed_anew(server: Server, someone: Owner, tmp_path: Path) -> None:
    first = server.seal(someone.certificate)
    second = server.seal(someone.certificate, "another-token")
    assert someone.open(second.stdout) == "another-token"
    other = owner(tmp_path / "other", *ELLIPTIC_CURVE)
    third = server.seal(other.certificate, "another-token")
    assert other.open(third.stdout) == "another-token"
    assert len({first.stdout, second.stdout, third.stdout}) == 3


def test_a_run_that_was_cut_short_is_made_up_for(server: Server, someone: Owner) -> None:
    server.seal(someone.certificate)
    (server.escrow / "content").unlink()
    (server.escrow / "sealed-token").write_text("half")
    assert someone.open(server.seal(someone.certificate).stdout) == TOKEN


def test_the_token_is_on_no_command_line_and_in_no_file(server: Server, someone: Owner) -> None:
    done = server.seal(someone.certificate)
    assert "openssl cms -encrypt -aes-256-gcm" in server.log
    assert TOKEN not in server.log + done.stderr + done.stdout
    files = list(server.escrow.iterdir())
    assert not [path for path in files if TOKEN in path.read_text()]
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    assert server.escrow.stat().st_mode & 0o777 == 0o700


def test_what_is_no_certificate_is_named_with_the_fix(server: Server) -> None:
    done = server.seal("-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----")
    assert done.returncode == 1
    assert "server-1: openssl cannot read cluster.tokenEscrow.certificate" in done.stderr
    assert done.stdout == ""


def test_a_certificate_that_cannot_encrypt_is_named_with_the_fix(server: Server, tmp_path: Path) -> None:
    done = server.seal(owner(tmp_path / "signer", "-newkey", "ed25519").certificate)
    assert done.returncode == 1
    assert "server-1: openssl cannot encrypt to cluster.tokenEscrow.certificate: use one with an RSA" in done.stderr
    assert done.stdout == ""


def test_a_host_without_openssl_is_named_with_the_fix(server: Server, someone: Owner, tmp_path: Path) -> None:
    only = tmp_path / "only"
    only.mkdir()
    for name in ("bash", "cat", "cut", "hostname", "sha256sum"):
        found = shutil.which(name)
        if found:
            (only / name).symlink_to(found)
    done = subprocess.run(
        [str(only / "bash"), "-s"],
        input=script_input("seal_token.sh", {"K3S_TOKEN": TOKEN, "ESCROW_CERTIFICATE": someone.certificate}),
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(only), "ROOT": str(server.folder / "root"), "NODE_NAME": "server-1"},
    )
    assert done.returncode == 1
    assert done.stderr == "server-1: openssl is missing: install the package openssl\n"
