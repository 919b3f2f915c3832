"""What `make render` prints."""

from __future__ import annotations

import resource
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.render.graph import by_component
from tools.render.stack import RenderResult


def peak_memory_mib() -> int:
    """Largest resident size of this process so far, in MiB (Linux reports KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def print_render(console: Console, result: RenderResult, root: Path, seconds: float) -> None:
    """Table of components, where the files are, time and peak memory."""
    rendered = result.rendered
    table = Table(title=f"Stack {rendered.stack}", title_justify="left", box=None, pad_edge=False)
    for heading in ("component", "resources", "objects"):
        table.add_column(heading, justify="left" if heading == "component" else "right")
    objects = {resource.urn for resource in rendered.objects}
    for component, resources in sorted(by_component(rendered, rendered.resources).items()):
        made = sum(1 for item in resources if item.urn in objects)
        table.add_row(component, str(len(resources)), str(made))
    console.print(table)
    console.print(f"{result.files} files in {result.folder.relative_to(root)}/manifests, graph in graph.json")
    console.print(f"{seconds:.1f} s, peak memory {peak_memory_mib()} MiB")
