"""An event loop for as long as something needs one."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def own_event_loop() -> Generator[asyncio.AbstractEventLoop]:
    """A new event loop as the current one of this thread, closed at the end.

    The SDK takes the thread's loop, or makes one where there is none and never closes it: collected as garbage at some
    later moment, it fails whatever runs then.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.close()
