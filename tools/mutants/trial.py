"""Try a mutant: put it in the place of its module and run the tests of its rules.

Two stages, in this process: the cases of the rules first (milliseconds), and for what survives them the test files
that name one of its rules or its module. Left out are the tests of the engine's servicer, which runs the rules in a
process of its own, and those that compare with other judges, which start programs.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import pytest

from policies.registry import Rule
from policies.rules import REGISTRY
from tools.mutants.generate import Mutant

_LONGEST_SECONDS = 60
"""A mutant may loop for ever."""

_PYTEST_OPTIONS = (
    "-x",
    "-q",
    "--no-header",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-k",
    "not engine and not sdk",
)

CaseTest = Callable[[Any], None]


class _TooLongError(BaseException):
    """No test may catch it."""


@dataclass(frozen=True)
class Target:
    """A rule module under trial."""

    path: Path
    module: ModuleType
    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, path: Path, root: Path) -> Target:
        """The module at `path`, a file below `root`."""
        module = importlib.import_module(".".join(path.resolve().relative_to(root).with_suffix("").parts))
        return cls(path, module, tuple(getattr(module, "RULES", ())))

    @property
    def ids(self) -> set[str]:
        """Ids of its rules."""
        return {rule.id for rule in self.rules}


class Trial:
    """The tests that a mutant of `target` has to get past."""

    def __init__(self, target: Target, root: Path) -> None:
        self._target = target
        tests = importlib.import_module("tests.policies.test_rules")
        ids = target.ids
        self._cases = [case for case in tests.CASES if case.rule in ids]
        self._case_tests: tuple[CaseTest, ...] = tests.CASE_TESTS
        self._files = _files_about(target, root / "tests" / "policies")

    def survives(self, mutant: Mutant) -> bool:
        """Whether no test fails on the mutant."""
        try:
            with _in_place(self._target, mutant), _bounded():
                return self._passes_cases() and self._passes_files()
        except _TooLongError:
            return False
        except Exception:
            # It does not even import.
            return False

    def _passes_cases(self) -> bool:
        try:
            for case in self._cases:
                for test in self._case_tests:
                    test(case)
        except Exception:
            return False
        return True

    def _passes_files(self) -> bool:
        """In a child process, because what tests import and patch would pile up in this one."""
        if not self._files:
            return True
        child = os.fork()
        if child == 0:
            with open(os.devnull, "w", encoding="utf-8") as nothing:  # noqa: PTH123 (a file descriptor's owner)
                os.dup2(nothing.fileno(), 1)
                os.dup2(nothing.fileno(), 2)
            signal.setitimer(signal.ITIMER_REAL, 0)
            with contextlib.redirect_stdout(io.StringIO()):
                code = pytest.main([*_PYTEST_OPTIONS, *map(str, self._files)])
            os._exit(0 if code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED} else 1)
        try:
            _, status = os.waitpid(child, 0)
        except _TooLongError:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        return os.waitstatus_to_exitcode(status) == 0


def _files_about(target: Target, folder: Path) -> list[Path]:
    """Test files that name a rule of the module or the module itself; the cases are run by themselves."""
    names = [re.escape(name) for name in sorted(target.ids)] + [rf"\b{re.escape(target.module.__name__)}\b"]
    names.append(rf"rules(?:\.\w+)* import (?:.*\b)?{re.escape(target.path.stem)}\b")
    pattern = re.compile("|".join(names))
    own = {"test_rules.py", "test_pack.py", "test_mutants.py", "test_policies_page.py"}
    own |= {path.name for path in folder.glob("test_*_agreement.py")}
    return sorted(
        path for path in folder.glob("test_*.py") if path.name not in own and pattern.search(path.read_text("utf-8"))
    )


@contextlib.contextmanager
def _in_place(target: Target, mutant: Mutant) -> Generator[None]:
    """The mutant as the module, and its rules in the registry, in which a rule keeps its place."""
    original = dict(target.module.__dict__)
    rules: dict[str, Rule] = REGISTRY._rules  # pyright: ignore[reportPrivateUsage] # swaps rules
    kept = dict(rules)
    try:
        exec(compile(mutant.source, str(target.path), "exec"), target.module.__dict__)  # noqa: S102 (its purpose)
        mutated: tuple[Rule, ...] = getattr(target.module, "RULES", ())
        rules.update({rule.id: rule for rule in mutated if rule.id in kept})
        yield
    finally:
        rules.clear()
        rules.update(kept)
        target.module.__dict__.clear()
        target.module.__dict__.update(original)
        sys.modules[target.module.__name__] = target.module


@contextlib.contextmanager
def _bounded() -> Generator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, _LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
