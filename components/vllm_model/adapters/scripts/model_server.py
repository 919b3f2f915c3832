"""The model server of this pod, over loopback."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from .adapter_files import AdapterError

ANSWER_SECONDS = 5.0
LOAD_SECONDS = 300.0


class ServerBusyError(Exception):
    """The server is there and did not answer in time."""


class Server:
    """The model server of this pod."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url.rstrip("/"), key

    def loaded(self) -> dict[str, str] | None:
        """Path by name of what the server answers to; None while it is away. Raises ServerBusyError when it is late."""
        try:
            answer = json.loads(self._call("/v1/models", None, seconds=ANSWER_SECONDS))
            return {card["id"]: card["root"] for card in answer["data"]}
        except OSError as error:
            if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
                raise ServerBusyError from error
            return None
        except (ValueError, HTTPException, KeyError, TypeError):
            return None

    def load(self, name: str, path: Path, *, again: bool) -> None:
        """Have the server load `path` as `name`. Raises AdapterError when it refuses."""
        body = {"lora_name": name, "lora_path": str(path), "load_inplace": again}
        try:
            self._call("/v1/load_lora_adapter", json.dumps(body).encode(), seconds=LOAD_SECONDS)
        except urllib.error.HTTPError as error:
            message = f"the server refused it ({error.code}): {error.read(500).decode(errors='replace')}"
            raise AdapterError(message) from error
        except HTTPException as error:
            message = f"the server broke off: {error!r}"
            raise AdapterError(message) from error

    def _call(self, path: str, body: bytes | None, *, seconds: float) -> bytes:
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        request = urllib.request.Request(self._url + path, data=body, headers=headers)  # noqa: S310 # own loopback
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 # own loopback
            return answer.read()
