"""The script of the Job that makes buckets, run by a shell against a small S3 server on loopback."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from components.rag_data_layer import seaweedfs_buckets

KEY_ID = "AdministratorKeyId00"


class S3Server(ThreadingHTTPServer):
    """Knows buckets and one administrator, by the id in the signature. `refuse` answers everything with 403."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.buckets: set[str] = set()
        self.made: list[str] = []
        self.refuse = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: S3Server

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/readyz" else 404)

    def do_HEAD(self) -> None:
        self._answer(self._refusal() or (200 if self.path[1:] in self.server.buckets else 404))

    def do_PUT(self) -> None:
        refusal = self._refusal()
        if not refusal:
            self.server.buckets.add(self.path[1:])
            self.server.made.append(self.path[1:])
        self._answer(refusal or 200)

    def _refusal(self) -> int:
        signed = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/" in self.headers.get("Authorization", "")
        return 0 if signed and not self.server.refuse else 403

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the base class's name
        """Keep the test's output quiet."""


@pytest.fixture
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def script(tmp_path: Path) -> str:
    curl = shutil.which("curl")
    if (
        curl is None
        or "--aws-sigv4"
        not in subprocess.run([curl, "--help", "all"], capture_output=True, text=True, check=True).stdout
    ):
        pytest.skip("needs a curl that signs for S3 (7.75 or newer)")
    (tmp_path / seaweedfs_buckets.CREDENTIALS_KEY).write_text(f'user = "{KEY_ID}:secret"\n')
    assert seaweedfs_buckets.FOLDER in seaweedfs_buckets.SCRIPT
    return seaweedfs_buckets.SCRIPT.replace(seaweedfs_buckets.FOLDER, str(tmp_path))


def run(script: str, server: S3Server, *buckets: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", "-c", script, "create-buckets", server.url, *buckets]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_missing_buckets_are_made_and_existing_ones_left_alone(script: str, s3_server: S3Server) -> None:
    s3_server.buckets.add("models")
    completed = run(script, s3_server, "models", "backups")
    assert completed.returncode == 0, completed.stderr
    assert s3_server.made == ["backups"]
    assert "bucket models exists" in completed.stdout


def test_a_second_run_makes_nothing(script: str, s3_server: S3Server) -> None:
    for _ in range(2):
        assert run(script, s3_server, "models", "backups").returncode == 0
    assert s3_server.made == ["models", "backups"]


def test_a_store_that_refuses_the_key_fails_the_job_and_says_so(script: str, s3_server: S3Server) -> None:
    s3_server.refuse = True
    completed = run(script, s3_server, "models", "backups")
    assert completed.returncode == 1
    assert completed.stderr == "bucket models: the store answers 403\n"
