"""Golden files: what each component makes on each shipped stack, and who reaches whom there, reviewed as a diff."""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.network_matrix.golden import write_golden_network
from tools.render.graph import RenderedStack, by_component
from tools.render.manifests import file_name, manifest
from tools.render.program import render_stack
from tools.render.stack_file import read_stack_file
from tools.render.yaml_text import yaml_documents

FOLDER = Path("tests/golden")
STACKS = ("local", "dev", "prod")


def golden_texts(rendered: RenderedStack) -> dict[str, str]:
    """File name → content: one file per component, its objects in the order of their manifests' file names."""
    texts: dict[str, str] = {}
    for component, resources in by_component(rendered, rendered.objects).items():
        documents = sorted((manifest(resource) for resource in resources), key=file_name)
        texts[f"{component}.yaml"] = yaml_documents(documents)
    return texts


def write_golden(root: Path) -> int:
    """Write the golden manifests and matrices of all shipped stacks anew. Returns the number of files."""
    count = 0
    for stack in STACKS:
        folder = root / FOLDER / stack
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        rendered = render_stack(root, read_stack_file(root, stack))
        for name, text in golden_texts(rendered).items():
            (folder / name).write_text(text, "utf-8")
            count += 1
        write_golden_network(rendered, folder)
        count += 1
    return count
