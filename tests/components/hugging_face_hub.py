"""A stand-in for the Hugging Face hub on loopback: the two routes that the preload job uses, with faults on demand."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

REVISION = "b" * 40
LARGE = (".safetensors", ".bin", ".pth")


class FakeHub:
    """One repository. `corrupt` names files whose content is altered on the way, `break_once` those whose first answer
    ends in the middle. `busy` are answers (status and headers) that come first. `token` is required where it is set.
    `served` are the files that were asked for, `requests` counts everything."""

    def __init__(self, repository: str, files: dict[str, bytes], *, token: str | None = None) -> None:
        self.repository, self.files, self.token = repository, files, token
        self.corrupt: set[str] = set()
        self.break_once: set[str] = set()
        self.busy: list[tuple[int, dict[str, str]]] = []
        self.served: list[str] = []
        self.requests = 0
        self.address = ""

    def listing(self) -> dict[str, Any]:
        return {"sha": REVISION, "siblings": [_entry(name, content) for name, content in self.files.items()]}

    def answer(self, path: str) -> tuple[int, bytes]:
        if path == f"/api/models/{self.repository}/revision/{REVISION}?blobs=true":
            return 200, json.dumps(self.listing()).encode()
        prefix = f"/{self.repository}/resolve/{REVISION}/"
        name = unquote(path.removeprefix(prefix))
        if not path.startswith(prefix) or name not in self.files:
            return 404, b""
        self.served.append(name)
        content = self.files[name]
        return 200, content[:-1] + b"!" if name in self.corrupt else content


def _entry(name: str, content: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
    if name.endswith(LARGE):
        entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return entry


@contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.requests += 1
            if hub.busy:
                status, headers = hub.busy.pop(0)
                self._send(status, b"", headers)
                return
            if hub.token and self.headers["authorization"] != f"Bearer {hub.token}":
                self._send(401, b"")
                return
            status, content = hub.answer(self.path)
            start = int((self.headers["range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self._send(206 if start else status, content[start:])

        def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
            name = self.path.rpartition("/")[2]
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            for header, value in (headers or {}).items():
                self.send_header(header, value)
            self.end_headers()
            if name in hub.break_once:
                hub.break_once.remove(name)
                content = content[: len(content) // 2]
                self.close_connection = True
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
