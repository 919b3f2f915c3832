"""Answers only the routes of a server's task; everything else does not exist for anyone outside the pod.

vLLM asks for its key on `/v1`, `/v2`, `/inference` and `/cohere` alone: `/invocations` generates without one, and with
LoRA adapters `/adapters` loads whatever path a client names. Loaded by `vllm serve --middleware`, outermost of all, so
that it decides before any handler. The pod itself (127.0.0.1, ::1) reaches every route: the adapters' sidecar needs
those that load them. A client's address is that of its connection; vLLM's server believes forwarded addresses only from
the pod itself.

Environment: SERVED_ROUTES, paths separated by commas.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

INSIDE = frozenset({"127.0.0.1", "::1"})
BODY = b'{"error":{"message":"not served here","type":"NotFoundError","code":404}}'


class ServedRoutes:
    """ASGI middleware in front of the whole server."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._routes = frozenset(os.environ["SERVED_ROUTES"].split(","))

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand the connection on, or end it."""
        if scope["type"] == "lifespan" or self._open(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
            await send({"type": "http.response.start", "status": 404, "headers": headers})
            await send({"type": "http.response.body", "body": BODY})
        else:
            # Refused before it is accepted, which a client sees as 403.
            await send({"type": "websocket.close", "code": 1008})

    def _open(self, scope: Message) -> bool:
        client = scope.get("client")
        inside = client is not None and client[0] in INSIDE
        return inside or (scope["type"] == "http" and scope["path"] in self._routes)
