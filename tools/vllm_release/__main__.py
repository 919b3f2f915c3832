"""`python -m tools.vllm_release`: write tests/data/vllm_options.json for the pinned release."""

from __future__ import annotations

import sys

from components.base.pins import VLLM
from tools.vllm_release.errors import ReleaseError
from tools.vllm_release.sdist import sdist_tree
from tools.vllm_release.source import extract_surface
from tools.vllm_release.surface import FILE, write_surface


def main() -> int:
    """Exit status of the program."""
    version = VLLM.tag.removeprefix("v")
    try:
        tree, sha256 = sdist_tree(version)
        surface = extract_surface(tree, version=version, sha256=sha256)
    except ReleaseError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    write_surface(surface)
    sys.stdout.write(f"{FILE.name}: vLLM {version}, {len(surface.flags)} flags, {len(surface.metrics)} metrics\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
