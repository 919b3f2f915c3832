"""Runs a Pulumi program under the recording monitor."""

from __future__ import annotations

import logging
import runpy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.config import set_all_config
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import (
    _sync_await,  # pyright: ignore[reportPrivateUsage] # as pulumi.runtime.test does
)

from tools.render import wire
from tools.render.errors import RenderError
from tools.render.event_loop import own_event_loop
from tools.render.graph import RenderedStack
from tools.render.monitor import RecordingMonitor
from tools.render.random_values import RandomSource, deterministic
from tools.render.stack_file import StackFile

OFFLINE_KEY = "ai-platform:offline"
"""Tells the program that nothing is contacted, so that a kubeconfig need not exist yet."""

_log = logging.getLogger("pulumi.program")


def record(
    program: Callable[[], object],
    *,
    project: str = "ai-platform",
    stack: str = "test",
    config: Mapping[str, str] | None = None,
    secret_keys: tuple[str, ...] = (),
    source: RandomSource = deterministic,
    monitor: RecordingMonitor | None = None,
) -> RenderedStack:
    """Run `program` under mocks and return what it registered.

    `config` maps full keys (`project:key`) to strings, as the engine hands them over. `monitor` records and answers,
    by default with the outputs of a finished deployment that draws its random values from `source`. Raises RenderError
    for what the monitor refuses; any other exception of the program is passed on.
    """
    monitor = monitor or RecordingMonitor(source)
    # A loop of its own: futures that a refused program leaves behind must not fail the next one.
    with own_event_loop() as loop:
        # Every waiting resource reports the one refusal again; it is raised once, below.
        loop.set_exception_handler(lambda _, __: None)
        # A second program in one process starts from nothing: the root stack belongs to the first one's monitor.
        settings.set_root_resource(None)  # pyright: ignore[reportArgumentType] # None is "no root" to the SDK
        mocks.set_mocks(monitor.mocks, project, stack, preview=monitor.preview, monitor=monitor, logger=_log)
        settings.SETTINGS.outputs.clear()  # pyright: ignore[reportAttributeAccessIssue] # a property by descriptor
        set_all_config(dict(config or {}), list(secret_keys))
        try:
            _sync_await(run_pulumi_func(lambda: _run(program)))
        except Exception:
            if monitor.errors:
                raise monitor.errors[0] from None
            raise
        outputs = _sync_await(_exports())
    return RenderedStack(project=project, stack=stack, resources=monitor.recorded, outputs=outputs)


def _run(program: Callable[[], object]) -> None:
    program()


async def _exports() -> Mapping[str, Any]:
    root = settings.get_root_resource()
    outputs: dict[str, Any] = getattr(root, "outputs", {})
    resolved: dict[str, Any] = {}
    for key, value in sorted(outputs.items()):
        output = pulumi.Output.from_input(value)
        secret = await output.is_secret()
        resolved[key] = wire.REDACTED if secret else await output.future()
    return resolved


def render_stack(
    root: Path,
    stack_file: StackFile,
    source: RandomSource = deterministic,
    monitor: RecordingMonitor | None = None,
) -> RenderedStack:
    """Run the program in `root` with the configuration of `stack_file`; `source` and `monitor` as of `record`."""
    main = root / "__main__.py"
    if not main.is_file():
        message = f"{main} does not exist: run from the project's root"
        raise RenderError(message)
    return record(
        lambda: runpy.run_path(str(main), run_name="__main__"),
        project=stack_file.project,
        stack=stack_file.stack,
        config={**stack_file.values, OFFLINE_KEY: "true"},
        secret_keys=stack_file.secret_keys,
        source=source,
        monitor=monitor,
    )
