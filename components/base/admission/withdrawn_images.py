"""Images that must not run, from the same list as the policy pack's rule SUP-04."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from components.base.admission.policy import cel_text, text_list
from components.base.withdrawn_versions import VARIANT, WITHDRAWN, Withdrawn

_VERSION = "image.find(':[^/@]*(@|$)').find('[0-9]+[.][0-9]+[.][0-9]+')"


def withdrawn_images(entries: Iterable[Withdrawn] = WITHDRAWN) -> Iterator[tuple[str, str]]:
    """Demand and expression about one `image` per entry. A tag without a version passes: the pack is undecided then."""
    for entry in entries:
        if entry.form == "image":
            yield f"{entry.software} must not run: {entry.reason}; use {entry.instead}", _allows(entry)


def _allows(entry: Withdrawn) -> str:
    named = cel_text(f"(^|/){re.escape(entry.software)}{VARIANT}(:|@|$)")
    other = f"!image.matches({named})"
    if not entry.versions and entry.below is None:
        return other
    fine: list[str] = []
    if entry.versions:
        withdrawn = text_list(".".join(map(str, version)) for version in entry.versions)
        fine.append(f"!({_VERSION} in {withdrawn})")
    if entry.below is not None:
        major, minor, patch = entry.below
        later = f"n[0] > {major} || (n[0] == {major} && (n[1] > {minor} || (n[1] == {minor} && n[2] >= {patch})))"
        fine.append(f"{_VERSION} == '' || [{_VERSION}.split('.').map(part, int(part))].all(n, {later})")
    return f"{other} || ({' && '.join(f'({item})' for item in fine)})"
