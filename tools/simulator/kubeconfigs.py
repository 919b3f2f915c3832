"""Kubeconfig files of the simulated cluster, one per identity."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tools.simulator.certificates import Pair

CONTEXT = "ai-platform-simulated"


def write_kubeconfig(path: Path, server: str, authority: Path, pair: Pair, *, embed: bool = False) -> None:
    """Write a kubeconfig (mode 0600) for one client certificate.

    With `embed` the file holds the certificates themselves and can be handed to any tool; without, it names their
    files. YAML is a superset of JSON, so the file is written as JSON. An unchanged file is left alone.
    """

    def entry(key: str, file: Path) -> dict[str, str]:
        if embed:
            return {f"{key}-data": base64.b64encode(file.read_bytes()).decode()}
        return {key: str(file)}

    user = entry("client-certificate", pair.certificate) | entry("client-key", pair.key)
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server} | entry("certificate-authority", authority)}],
        "users": [{"name": CONTEXT, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }
    text = json.dumps(content, indent=2) + "\n"
    if path.is_file() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.rename(path)
