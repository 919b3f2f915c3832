"""`make mutants`: the mutation score of every rule module, and what survived."""

from __future__ import annotations

import multiprocessing
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tools.mutants.errors import MutantsError
from tools.mutants.generate import Mutant, mutants_of
from tools.mutants.trial import Target, Trial

LEAST_SCORE = 0.95
"""Share of all mutants that tests must notice."""

_PROCESSES = 2


@dataclass(frozen=True)
class Score:
    """How one module did. `survivors` are described for people."""

    path: Path
    mutants: int
    survivors: tuple[str, ...]

    @property
    def share(self) -> float:
        """Share of the mutants that were noticed."""
        return 1 - len(self.survivors) / self.mutants if self.mutants else 1.0


def score(path: Path, root: Path, every: int) -> Score:
    """Try one in `every` mutants of the module at `path`.

    Raises MutantsError when its tests fail without any change.
    """
    trial = Trial(Target.load(path, root), root)
    source = path.read_text(encoding="utf-8")
    if not trial.survives(Mutant(0, "", "", source)):
        # Every mutant would seem to be noticed.
        message = f"{path}: its tests fail as it is; run pytest tests/policies first"
        raise MutantsError(message)
    mutants = [mutant for mutant in mutants_of(source) if _number(mutant) % every == 0]
    return Score(path, len(mutants), tuple(str(mutant) for mutant in mutants if trial.survives(mutant)))


def _number(mutant: Mutant) -> int:
    """A number that a mutant keeps from run to run and from module to module: samples are drawn by it."""
    return zlib.crc32(f"{mutant.line} {mutant}".encode())


def run_mutants(console: Console, root: Path, files: Sequence[Path], every: int = 1) -> int:
    """Score `files`, or all rule modules, by one in `every` mutants.

    Prints the table and the survivors. Returns 1 when too many survive.
    """
    chosen = list(files) or sorted((root / "policies" / "rules").rglob("*.py"), key=_largest_first)
    scores: list[Score] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(_PROCESSES, len(chosen)), maxtasksperchild=4) as pool:
        for found in pool.imap_unordered(partial(score, root=root, every=every), chosen):
            scores.append(found)
            for survivor in found.survivors:
                console.print(f"[yellow]survives[/] {found.path.name} {escape(survivor)}", soft_wrap=True)
    mutants, survivors = sum(item.mutants for item in scores), sum(len(item.survivors) for item in scores)
    console.print(_table(root, scores))
    total = 1 - survivors / mutants if mutants else 1.0
    enough = total >= LEAST_SCORE
    sample = f", a sample of one in {every}" if every > 1 else ""
    console.print(
        f"mutants{sample}: {mutants - survivors} of {mutants} noticed, {total:.1%} (at least {LEAST_SCORE:.0%})",
        style="green" if enough else "bold red",
    )
    return 0 if enough else 1


def _largest_first(path: Path) -> int:
    return -path.stat().st_size


def _table(root: Path, scores: Sequence[Score]) -> Table:
    table = Table(title="Mutants of the rules", title_justify="left")
    for column in ("module", "mutants", "noticed"):
        table.add_column(column, justify="left" if column == "module" else "right")
    for item in sorted(scores, key=lambda item: str(item.path)):
        if item.mutants:
            name = str(item.path.resolve().relative_to(root))
            table.add_row(name, str(item.mutants), f"{item.share:.1%}")
    return table
