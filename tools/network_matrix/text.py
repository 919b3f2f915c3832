"""The matrix as text for a reader and a reviewer, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

from components.base.port_spans import EVERY_PORT, PortSpans, difference, intersection
from tools.network_matrix.judgement import Judgement
from tools.network_matrix.matrix import Matrix, is_ours
from tools.network_matrix.regions import IPV4, Region

EVERY_POD = "every pod of the platform"

_HEAD = """\
Who may open a connection to whom on stack {stack}, by its network policies alone.

A heading is a target, each line below it the ports and who reaches them. Ports are TCP where nothing else is said.
"any other pod" carries no label and stands for whatever else runs in a namespace; "default" for every namespace that
the platform does not make. A workload below itself means its replicas. Written by: make golden.
"""
_CROSSING = """\
Open without a declared connection from the one end to the other: the way out is open to an address range in which pods
may have their addresses, or not closed at all in a namespace of others, and the way in is open from such a range.
"""
_WIDTH = 118
_SHOWN_BLOCKS = 6


def matrix_text(judgement: Judgement) -> str:
    """The whole matrix, sorted, one line per target and set of ports."""
    parts = [
        _HEAD.format(stack=judgement.network.stack),
        _section("Addresses outside", _regions(judgement)),
        _section("Declared connections", _by_target(judgement, judgement.named)),
        _section(
            "Where address ranges meet", [*_CROSSING.splitlines(), "", *_by_target(judgement, judgement.crossing)]
        ),
        _section("Reached by nobody", _unreached(judgement)),
    ]
    if judgement.mistakes:
        parts.append(_section("WRONG", judgement.mistakes))
    return "\n".join(parts)


def matrix_json(judgement: Judgement) -> dict[str, Any]:
    """Regions, connections and wrong edges as plain data; `declared` says whether an edge joins the two ends."""
    connections = [
        {"from": source, "to": target, "ports": list(map(str, ports)), "declared": is_declared}
        for is_declared, matrix in ((True, judgement.named), (False, judgement.crossing))
        for (source, target), ports in sorted(matrix.items())
    ]
    regions = [
        {"name": end.name, "ranges": list(map(str, end.blocks)), "wired": sorted(end.wired)}
        for end in judgement.ends
        if isinstance(end, Region)
    ]
    wrong = [
        {
            "from": edge.source,
            "to": edge.target,
            "side": edge.side,
            "ports": list(map(str, edge.ports)),
            "missing": edge.missing,
            "openedBy": list(edge.opened_by),
        }
        for edge in judgement.wrong
    ]
    return {
        "stack": judgement.network.stack,
        "regions": regions,
        "connections": connections,
        "absent": list(judgement.network.absent),
        "wrong": wrong,
    }


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([title, "=" * len(title), "", *(line.rstrip() for line in lines), ""])


def _regions(judgement: Judgement) -> Iterator[str]:
    for end in judgement.ends:
        if isinstance(end, Region):
            peers = ", ".join(sorted(name.removeprefix("external/") for name in end.wired)) or "no wired peer"
            yield from _wrapped(f"{end.name} ({peers}):", _shown_blocks(end))


def _shown_blocks(region: Region) -> list[str]:
    blocks = list(map(str, region.blocks))
    if len(blocks) <= _SHOWN_BLOCKS:
        return blocks
    # A range added or taken away changes these numbers.
    addresses = sum(2.0 ** (32 - block.prefixlen) for block in region.blocks if block.version == IPV4)
    return [*blocks[:2], f"… {len(blocks)} ranges", *([f"{addresses:,.0f} addresses"] if addresses else [])]


def _by_target(judgement: Judgement, matrix: Matrix) -> Iterator[str]:
    grouped: dict[str, dict[PortSpans, list[str]]] = {}
    for (source, target), ports in sorted(with_everybody_as_one(judgement, matrix).items()):
        grouped.setdefault(target, {}).setdefault(ports, []).append(source)
    for target, sources_by_ports in sorted(grouped.items()):
        yield target
        for ports, sources in sorted(sources_by_ports.items()):
            yield from _wrapped(f"{', '.join(map(str, ports))}:", sources)


def with_everybody_as_one(judgement: Judgement, matrix: Matrix) -> Matrix:
    """What every pod of the platform reaches, told once."""
    everybody = [end.name for end in judgement.ends if is_ours(judgement.network, end)]
    shortened = dict(matrix)
    for target in {target for _, target in matrix}:
        common = reduce(intersection, (matrix.get((source, target), ()) for source in everybody), EVERY_PORT)
        if common:
            shortened[EVERY_POD, target] = common
            shortened |= {(source, target): difference(matrix[source, target], common) for source in everybody}
    return {pair: ports for pair, ports in shortened.items() if ports}


def _wrapped(label: str, items: Iterable[str]) -> Iterator[str]:
    """Items separated by commas, none of them broken over two lines."""
    line = f"  {label}"
    for number, item in enumerate(items):
        piece = f"{item}" if number == 0 else f", {item}"
        if number and len(line) + len(piece) > _WIDTH:
            yield f"{line},"
            line = f"      {item}"
        else:
            line += f" {piece}" if number == 0 else piece
    yield line


def _unreached(judgement: Judgement) -> Iterator[str]:
    reached = {target for matrix in (judgement.named, judgement.crossing) for _, target in matrix}
    return (f"  {end.name}" for end in judgement.ends if end.name not in reached)
