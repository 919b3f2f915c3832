"""A model server without a model: `python -m tools.servers.fake_model --port 8000 --model qwen3-8b --task chat`.

Speaks the routes of its task as vLLM does, asks for the API key in VLLM_API_KEY, counts in vLLM's metrics. What goes
wrong, and what it says, is set while it runs:

- `POST /control {"fault": …, "status": 500, "seconds": 0, "times": null, "answers": []}`. Faults: `status` (answer
  with that HTTP status), `hang` (accept and stay silent), `close` (break off in the middle), `slow` (wait first), null.
  `times` limits a fault to so many requests. `answers` replace what the model would say, one after the other; the last
  one stays.
- `GET /control` lists the requests since the last `POST /control`, each with path, headers (names in lower case), body
  and status.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tools.servers import fake_answers, fake_metrics
from tools.servers.fake_answers import ROUTES
from tools.servers.fake_state import State

_HANG_SECONDS = 600
KEY_VARIABLE = "VLLM_API_KEY"


class Server(ThreadingHTTPServer):
    """The server with its state."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, state: State) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.state = state


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer leaves in several writes
    wbufsize = -1
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride] # only this server makes handlers

    def do_GET(self) -> None:  # the name that http.server calls
        """Health, models, metrics and control."""
        state = self.server.state
        if self.path == "/health":
            self._send(200, b"")
        elif self.path == "/metrics":
            self._send(200, fake_metrics.text(state.models[0], state.figures).encode(), "text/plain; version=0.0.4")
        elif self.path == "/control":
            self._json(200, state.requests)
        elif not self._may():
            self._error(401, "Unauthorized")
        elif self.path == "/v1/models":
            self._json(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in state.models]})
        else:
            self._error(404, "Not Found")

    def do_POST(self) -> None:  # the name that http.server calls
        """Inference and control."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/control":
            self._control(json.loads(content))
            return
        form = "multipart/form-data" in self.headers.get("Content-Type", "")
        body: dict[str, Any] = fake_answers.form_fields(content) if form else json.loads(content or b"{}")
        fault = self.server.state.take_fault()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.state.requests.append(seen := {"path": self.path, "headers": headers, "body": body})
        seen["status"] = self._refusal(body, fault)
        if seen["status"] == 200:  # noqa: PLR2004 # HTTP's own number
            self._answer(body, fault)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the parameter's name in http.server
        """Requests are listed at /control, not printed."""

    def _control(self, wanted: dict[str, Any]) -> None:
        with self.server.state.lock:
            self.server.state.fault = wanted
            self.server.state.requests = []
        self._json(200, wanted)

    def _may(self) -> bool:
        return hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {self.server.state.key}")

    def _refusal(self, body: dict[str, Any], fault: dict[str, Any]) -> int:
        """Answer a request that is not served, and return its status; 200 for one that is still to be served."""
        kind = fault.get("fault")
        if kind in {"hang", "slow"}:
            time.sleep(_HANG_SECONDS if kind == "hang" else float(fault.get("seconds", 1)))
        status, message = 200, ""
        if not self._may():
            status, message = 401, "Unauthorized"
        elif self.path not in self.server.state.routes:
            status, message = 404, "Not Found"
        elif fake_answers.model_of(body) not in self.server.state.models:
            status, message = 404, f"The model `{fake_answers.model_of(body)}` does not exist."
        elif kind == "status":
            status, message = int(fault.get("status", 500)), "fault"
        if message:
            self._error(status, message)
        return status

    def _answer(self, body: dict[str, Any], fault: dict[str, Any]) -> None:
        state = self.server.state
        text = state.take_answer()
        whole = fake_answers.answer(self.path, body, text)
        with state.lock:
            state.figures.count(whole.get("usage", {}))
        if fake_answers.wants_stream(self.path, body):
            asked = bool((body.get("stream_options") or {}).get("include_usage"))
            pieces = fake_answers.chunks(self.path, body, text, usage=asked or state.force_usage)
            self._stream([json.dumps(piece) for piece in pieces], fault)
        elif fault.get("fault") == "close":
            self._cut_off(json.dumps(whole).encode())
        else:
            self._json(200, whole)

    def _stream(self, pieces: Sequence[str], fault: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        broken = fault.get("fault") == "close"
        for piece in pieces[: len(pieces) // 2] if broken else [*pieces, "[DONE]"]:
            line = f"data: {piece}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        if broken:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _cut_off(self, content: bytes) -> None:
        """Promise more bytes than are sent."""
        self._send(200, content[: len(content) // 2], "application/json", length=len(content))
        self.close_connection = True

    def _error(self, status: int, message: str) -> None:
        self._json(status, {"error": {"message": message, "type": "error", "param": None, "code": status}})

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str = "text/plain", length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--task", choices=sorted(ROUTES), default="chat")
    parser.add_argument("--force-usage", action="store_true")
    arguments = parser.parse_args()
    state = State(
        models=tuple(arguments.model),
        routes=ROUTES[arguments.task],
        key=os.environ.get(KEY_VARIABLE, ""),
        force_usage=arguments.force_usage,
    )
    Server(arguments.port, state).serve_forever()


if __name__ == "__main__":
    main()
