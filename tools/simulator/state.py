"""What a simulated cluster remembers between two commands: its processes, ports and the engine that deployed to it."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tools.simulator.errors import SimulatorError
from tools.simulator.processes import ProcessRecord


@dataclass
class State:
    """The content of the state file."""

    ports: dict[str, int] = field(default_factory=dict[str, int])
    processes: dict[str, ProcessRecord] = field(default_factory=dict[str, ProcessRecord])
    engine: str | None = None


@dataclass(frozen=True)
class StateFile:
    """The state file of the cluster in `folder`."""

    folder: Path

    @property
    def path(self) -> Path:
        """The JSON file."""
        return self.folder / "state.json"

    def read(self) -> State:
        """The recorded state, empty when there is none. Raises SimulatorError when the file was damaged."""
        if not self.path.is_file():
            return State()
        try:
            content = json.loads(self.path.read_text())
            processes = {name: ProcessRecord(**record) for name, record in content["processes"].items()}
            return State(ports=content["ports"], processes=processes, engine=content["engine"])
        except (ValueError, KeyError, TypeError) as error:
            raise SimulatorError(f"{self.path} is damaged ({error}): remove it and run again") from error

    def write(self, state: State) -> None:
        """Replace the file in one step, so that an interruption never leaves half a state."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(state), indent=2) + "\n")
        partial.rename(self.path)

    @contextmanager
    def only_command(self) -> Generator[None]:
        """Hold the cluster for one command; a second one is refused at once. An ended process holds nothing."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SimulatorError(
                    f"another command starts or stops the cluster in {self.folder}: wait for it to end"
                ) from None
            yield
