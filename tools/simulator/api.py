"""Requests to the API server, for what the simulator itself does. Everything else goes through kubectl."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tools.simulator.errors import SimulatorError

Manifest = dict[str, Any]
"""A Kubernetes object as JSON has it."""

FIELD_MANAGER = "ai-platform-simulator"
_TIMEOUT_SECONDS = 30


class ApiError(SimulatorError):
    """The API server refused a request; `status` is the HTTP status, 0 when the server could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class ApiClient:
    """One verified connection to the API server, with a client certificate. Not for use from two threads at once."""

    def __init__(self, server: str, authority: Path, certificate: Path, key: Path) -> None:
        """`server` is an https address; the other three are PEM files."""
        self._address = urlsplit(server)
        self._context = ssl.create_default_context(cafile=str(authority))
        self._context.load_cert_chain(certificate, key)
        self._connection: http.client.HTTPSConnection | None = None

    @classmethod
    def from_kubeconfig(cls, path: Path) -> ApiClient:
        """Client of one of the simulator's own kubeconfigs, which name certificate files."""
        content = json.loads(path.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        files = (cluster["certificate-authority"], user["client-certificate"], user["client-key"])
        return cls(cluster["server"], *map(Path, files))

    def get(self, path: str) -> Manifest:
        """One object, or any other JSON answer. Raises ApiError."""
        return json.loads(self.text("GET", path))

    def list_items(self, path: str, label_selector: str = "") -> list[Manifest]:
        """The items of a collection. Raises ApiError."""
        query = f"?{urlencode({'labelSelector': label_selector})}" if label_selector else ""
        return self.get(path + query).get("items", [])

    def create(self, path: str, body: Manifest) -> Manifest:
        """Create an object in the collection at `path`. Raises ApiError."""
        return json.loads(self.text("POST", path, body, "application/json"))

    def apply(self, path: str, body: Manifest) -> Manifest:
        """Server-side apply of the object at `path`. Raises ApiError."""
        query = urlencode({"fieldManager": FIELD_MANAGER, "force": "true"})
        return json.loads(self.text("PATCH", f"{path}?{query}", body, "application/apply-patch+yaml"))

    def merge(self, path: str, body: Manifest) -> Manifest:
        """JSON merge patch of the object (or subresource) at `path`. Raises ApiError."""
        return json.loads(self.text("PATCH", path, body, "application/merge-patch+json"))

    def delete(self, path: str, body: Manifest | None = None) -> None:
        """Delete an object; one that is gone already is no error. Raises ApiError."""
        try:
            self.text("DELETE", path, body, "application/json")
        except ApiError as error:
            if error.status != http.HTTPStatus.NOT_FOUND:
                raise

    def text(self, method: str, path: str, body: Manifest | None = None, content_type: str = "") -> str:
        """Send one request and return the answer's body. Raises ApiError."""
        payload = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json"} | ({"Content-Type": content_type} if payload else {})
        status, answer = self._send(method, path, payload, headers)
        if status >= http.HTTPStatus.BAD_REQUEST:
            raise ApiError(status, f"{method} {path}: {_reason(answer)}")
        return answer

    def _send(self, method: str, path: str, payload: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        """Send, once more on a new connection when the kept one turns out to be closed."""
        fresh = self._connection is None
        try:
            connection = self._connection or http.client.HTTPSConnection(
                self._address.netloc, context=self._context, timeout=_TIMEOUT_SECONDS
            )
            self._connection = connection
            connection.request(method, path, payload, headers)
            return self._receive(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            self.close()
            if fresh:
                raise ApiError(0, f"the API server at {self._address.netloc} cannot be reached: {error}") from error
            return self._send(method, path, payload, headers)

    def _receive(self, response: http.client.HTTPResponse) -> tuple[int, str]:
        return response.status, response.read().decode()

    def close(self) -> None:
        """Drop the kept connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _reason(answer: str) -> str:
    try:
        return json.loads(answer)["message"]
    except (ValueError, KeyError, TypeError):
        return answer.strip()
