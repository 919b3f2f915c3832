"""The source archive of a release, from the package index that pip is configured with.

`pip download` builds metadata of what it downloads, which for vLLM needs a compiler and torch. The index itself is a
list of links with hashes (PEP 503), so it is read directly; pip is only asked which index that is.
"""

from __future__ import annotations

import hashlib
import os
import re
import ssl
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from html import unescape
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from pip._internal.models.index import PyPI

from tools.machine_cache import cache_folder
from tools.vllm_release.errors import ReleaseError

CACHE = cache_folder("vllm", os.environ)
"""Where archives are kept, by hash."""

_LINK = re.compile(r"""<a\s[^>]*href=["']([^"']+)["'][^>]*>\s*([^<]+?)\s*</a>""")
_PYTHON_SOURCES = re.compile(r"[^/]+/(vllm/.*\.py)")
_SECONDS = 120


def sdist_tree(version: str, sha256: str | None = None, cache: Path = CACHE) -> tuple[Path, str]:
    """Folder with the Python sources of vLLM `version`, and the archive's SHA-256.

    With `sha256` the archive must have that hash, and the index is not asked when the cache has it. Raises ReleaseError
    when the index cannot be reached, does not have the release, or has another file.
    """
    tree = cache / sha256 if sha256 else None
    if sha256 and tree and (tree / "complete").is_file():
        return tree, sha256
    url, announced = sdist_link(index_url(), version)
    if sha256 and sha256 != announced:
        message = f"the index announces SHA-256 {announced} for vLLM {version}, expected {sha256}"
        raise ReleaseError(message)
    archive = _download(url, announced, cache)
    return _unpack(archive, cache / announced), announced


def index_url() -> str:
    """The index that pip would ask: its variable, its configuration, or the public one."""
    from_environment = os.environ.get("PIP_INDEX_URL")
    if from_environment:
        return from_environment
    for key in ("global.index-url", "install.index-url"):
        command = [sys.executable, "-m", "pip", "config", "get", key]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # own interpreter
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    return PyPI.simple_url


def sdist_link(index: str, version: str) -> tuple[str, str]:
    """Address and announced SHA-256 of the source archive."""
    page = f"{index.rstrip('/')}/vllm/"
    name = f"vllm-{version}.tar.gz"
    for target, text in _LINK.findall(_get(page).decode()):
        if text == name:
            url, fragment = urldefrag(urljoin(page, unescape(target)))
            if fragment.startswith("sha256="):
                return url, fragment.removeprefix("sha256=")
    message = f"the package index has no {name} with a SHA-256: check the version of the pin VLLM"
    raise ReleaseError(message)


def _get(url: str) -> bytes:
    if not url.startswith(("https://", "http://127.0.0.1:")):
        message = "the package index must be reached over https"
        raise ReleaseError(message)
    context = ssl.create_default_context(cafile=os.environ.get("PIP_CERT")) if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS, context=context) as answer:  # noqa: S310 # checked above
            return answer.read()
    except (OSError, urllib.error.URLError) as error:
        message = f"the package index cannot be read ({error}): try again with a connection"
        raise ReleaseError(message) from error


def _download(url: str, sha256: str, cache: Path) -> Path:
    content = _get(url)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        message = f"{Path(url).name} has SHA-256 {found}, the index announced {sha256}"
        raise ReleaseError(message)
    cache.mkdir(parents=True, exist_ok=True)
    archive = cache / f"{sha256}.tar.gz"
    partial = archive.with_suffix(f".{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(archive)
    return archive


def _unpack(archive: Path, tree: Path) -> Path:
    """Python files of the package only, without the archive's top folder."""
    with tarfile.open(archive) as opened:
        for member in opened:
            inside = _PYTHON_SOURCES.fullmatch(member.name)
            source = opened.extractfile(member) if inside and member.isfile() else None
            if inside and source and ".." not in member.name:
                target = tree / inside[1]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read())
    (tree / "complete").touch()
    archive.unlink()
    return tree
