"""`make network`: print who may open a connection to whom, and fail where that is not what the wiring declares."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from tools.network_matrix.judgement import judge_graph
from tools.network_matrix.text import matrix_json, matrix_text
from tools.render.stack import stack_graph

OUTPUT = Path("build/network")


def show_network(console: Console, root: Path, stack: str, graph: Path | None = None) -> int:
    """Judge the graph file `graph`, or render `stack` and judge that; write text and JSON below `build/network`.

    Returns 1 when a connection is open that nobody declared, a declared one is closed, or a wired workload is no pod.
    Raises GraphError for a graph that cannot be used.
    """
    judgement = judge_graph(stack_graph(root, stack, graph))
    folder = root / OUTPUT
    folder.mkdir(parents=True, exist_ok=True)
    name = judgement.network.stack
    text = matrix_text(judgement)
    (folder / f"{name}.txt").write_text(text, "utf-8")
    (folder / f"{name}.json").write_text(json.dumps(matrix_json(judgement), indent=1) + "\n", "utf-8")
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    open_pairs = len(judgement.named) + len(judgement.crossing)
    console.print(
        f"network: {open_pairs} pairs of {len(judgement.ends)} ends may connect, {len(judgement.wrong)} wrong edges"
        f"{f', {len(judgement.network.absent)} wired workloads without pods' if judgement.network.absent else ''}; "
        f"written to {OUTPUT / name}.txt and .json",
        style="bold red" if judgement.mistakes else "green",
        markup=False,
        highlight=False,
    )
    return 1 if judgement.mistakes else 0
