"""Third-party software that must not run: backdoored, open to a known attack, or no longer mended.

Data of rule SUP-04. An entry stays for as long as somebody may still pin the version: it costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
VARIANT = r"(?:[-_][a-z0-9_.-]+)?"
"""An own build or a flavour is called after what it is made from: vllm-openai-audio, litellm-non_root."""

Form = Literal["image", "chart"]
Version = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Withdrawn:
    """`versions` of `software`, or those `below` one, or every one when neither is given.

    `software` is how the name of the image's repository or of the chart ends. `reason` names the advisory, `instead`
    what to run.
    """

    software: str
    form: Form
    reason: str
    instead: str
    versions: tuple[Version, ...] = ()
    below: Version | None = None

    def names(self, form: Form, name: str) -> bool:
        """Whether an image repository or chart called `name` is this software."""
        return form == self.form and re.search(rf"(?:^|/){re.escape(self.software)}{VARIANT}$", name) is not None

    def covers(self, release: str) -> bool | None:
        """Whether that tag or chart version may not run; None when it does not say which release it is."""
        if not self.versions and self.below is None:
            return True
        found = _VERSION.search(release)
        if found is None:
            return None
        version = (int(found[1]), int(found[2]), int(found[3]))
        return version in self.versions or (self.below is not None and version < self.below)


WITHDRAWN: tuple[Withdrawn, ...] = (
    Withdrawn(
        software="litellm",
        form="image",
        versions=((1, 82, 7), (1, 82, 8)),
        reason="its PyPI release of that version was backdoored on 2026-03-24",
        instead="any later release",
    ),
    Withdrawn(
        software="vllm-openai",
        form="image",
        below=(0, 18, 0),
        reason="CVE-2026-22807 and CVE-2026-27893: a model's code runs with trust_remote_code off",
        instead="0.18.0 or later",
    ),
    Withdrawn(
        software="container-toolkit",
        form="image",
        below=(1, 17, 8),
        reason="CVE-2025-23266: a container image takes over the node",
        instead="1.17.8 or later",
    ),
    Withdrawn(
        software="gpu-operator",
        form="image",
        below=(25, 3, 1),
        reason="CVE-2025-23266: it installs a container toolkit that lets an image take over the node",
        instead="25.3.1 or later",
    ),
    Withdrawn(
        software="gpu-operator",
        form="chart",
        below=(25, 3, 1),
        reason="CVE-2025-23266: it installs a container toolkit that lets an image take over the node",
        instead="25.3.1 or later",
    ),
    Withdrawn(
        software="ingress-nginx/controller",
        form="image",
        reason="the project was retired in March 2026 and mends nothing any more",
        instead="the platform's edge gateway",
    ),
    Withdrawn(
        software="ingress-nginx",
        form="chart",
        reason="the project was retired in March 2026 and mends nothing any more",
        instead="the platform's edge gateway",
    ),
)
"""Sources: GitHub security advisories of vllm-project/vllm and NVIDIA/nvidia-container-toolkit, the incident report of
BerriAI/litellm, and kubernetes.io/blog on the retirement of ingress-nginx."""


def entries_for(form: Form, name: str, entries: Iterable[Withdrawn] = WITHDRAWN) -> list[Withdrawn]:
    """The entries about the software called `name`."""
    return [entry for entry in entries if entry.names(form, name)]
