"""Mutants of a rule module: its source with one node of the syntax tree changed.

The changes are mutmut's. Left out is what carries no behaviour: documentation, annotations, imports, the catalogue
entries (`RULES`, whose words are data that other tests hold), and the wording of messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

_CATALOGUE = "RULES"
_WORDS_OF_A_SENTENCE = 2
"""Blanks from which a text is a sentence for people: keys and values of objects have none."""
_WORDED = frozenset({"Violation", "MalformedError", "ValueError"})
"""Calls whose second argument (the last one of an exception) is a sentence for people."""


@dataclass(frozen=True)
class Mutant:
    """One changed source: `before` became `after` on `line`."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"line {self.line}: {_one_line(self.before)}  →  {_one_line(self.after)}"


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant of a module, in the order of the source."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Collector()
    module = wrapper.visit(visitor)
    return list(_applied(module, visitor.found))


def _applied(module: cst.Module, found: list[tuple[int, cst.CSTNode, cst.CSTNode]]) -> Iterator[Mutant]:
    seen: set[str] = {module.code}
    for line, original, changed in found:
        mutated = module.deep_replace(original, changed)
        code = mutated.code if isinstance(mutated, cst.Module) else ""
        if code and code not in seen:
            seen.add(code)
            yield Mutant(line, module.code_for_node(original), module.code_for_node(changed), code)


class _Collector(cst.CSTVisitor):
    """Collects (line, node, changed node), skipping what carries no behaviour."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, cst.CSTNode, cst.CSTNode]] = []
        self._skipped: set[int] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if id(node) in self._skipped or _carries_no_behaviour(node):
            return False
        self._skip_wording(node)
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                for changed in operator(node):
                    if _worth_trying(node, changed):
                        self.found.append((self._line(node), node, changed))
        return True

    def _line(self, node: cst.CSTNode) -> int:
        place = self.get_metadata(PositionProvider, node)
        return place.start.line if isinstance(place, CodeRange) else 0

    def _skip_wording(self, node: cst.CSTNode) -> None:
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name) or node.func.value not in _WORDED:
            return
        words = node.args[:1] if node.func.value == "ValueError" else node.args[1:2]
        self._skipped |= {id(argument) for argument in words}


def _carries_no_behaviour(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom):
        return True
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString):
        return True
    if isinstance(node, cst.SimpleString) and node.value.count(" ") >= _WORDS_OF_A_SENTENCE:
        return True
    if isinstance(node, cst.Assign | cst.AnnAssign):
        targets = [target.target for target in node.targets] if isinstance(node, cst.Assign) else [node.target]
        return any(isinstance(target, cst.Name) and target.value in {_CATALOGUE, "message"} for target in targets)
    return False


def _worth_trying(node: cst.CSTNode, changed: cst.CSTNode) -> bool:
    """One change of a text is enough: whether it is compared with the right one shows in any."""
    if isinstance(node, cst.SimpleString) and isinstance(changed, cst.SimpleString):
        return "XX" in changed.value
    return True


def _one_line(code: str) -> str:
    return " ".join(code.split())
