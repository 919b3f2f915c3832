"""What a credential looks like in text: by the name it is given, and by its own shape.

Nothing in here returns the text it looked at, so that nothing can repeat it.
"""

from __future__ import annotations

import re
from functools import lru_cache

_KEPT_TEXTS = 1024
"""Texts whose verdict is remembered: the programs that every model's ConfigMap repeats are looked through once."""

_ANY_SHAPE = re.compile(r"-----BEGIN|sk-|hf_|AKIA|ASIA|gh[pousr]_|glpat-|xox[abprs]-|eyJ|://")
_ANY_SECRET_WORD = re.compile(r"passw|pwd|passphrase|secret|token|credential|key", re.IGNORECASE)
"""What a text must hold at least: most hold neither, and the exact patterns cost a hundred times more."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "credentials", "apikey", "privatekey"}
)
_SECRET_PAIRS = frozenset(
    (first, "key")
    for first in ("api", "access", "private", "master", "secret", "encryption", "signing", "salt", "license", "account")
)
_ENDS_IN_SECRET_WORD = ("password", "passwd", "secretkey", "apikey", "accesskey")

_REFERENCE = re.compile(
    r"""
      ^\$ | \$\( | \$\{ | \{\{                          # $VAR, $(VAR), ${VAR}, {{ template }}
    | ^os\.(?:environ|getenv) | ^process\.env           # read from the environment
    | ^(?:/|\./|file:|vault:|secretref:|env:)           # a file, or a name in a secret store
    | ^<[^>]*>$ | ^\*+$                                 # a placeholder, a mask
    | ^[*&!|>]                                          # YAML: alias, anchor, tag, a block that follows
    """,
    re.VERBOSE | re.IGNORECASE,
)
_NO_SECRET = frozenset({"", "null", "none", "~", "true", "false", "yes", "no", "on", "off", "empty", "disabled"})
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+|[a-z]{0,2})", re.IGNORECASE)

_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("an API key", re.compile(r"(?<![\w-])sk-[A-Za-z0-9_-]{16,}")),
    ("a Hugging Face token", re.compile(r"(?<!\w)hf_[A-Za-z0-9]{20,}")),
    ("an AWS access key", re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])")),
    ("a GitHub token", re.compile(r"(?<!\w)gh[pousr]_[A-Za-z0-9]{30,}")),
    ("a GitLab token", re.compile(r"(?<!\w)glpat-[A-Za-z0-9_-]{18,}")),
    ("a Slack token", re.compile(r"(?<!\w)xox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a signed token", re.compile(r"(?<!\w)eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")),
    # A password inside a connection string; a reference in its place starts with $ or {.
    ("a password in a URL", re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s:/@\"'<>]*:(?![${<])[^\s@/\"'<>]+@")),
)

_ASSIGNMENT = re.compile(
    r"""(?mx)
      (?:^|[\s,{;?&"'-])
      (?P<quote>["']?) (?P<name>[A-Za-z][\w.-]*) (?P=quote)
      [ \t]* [:=] [ \t]*
      (?: "(?P<double>[^"\n]*)" | '(?P<single>[^'\n]*)' | (?P<bare>[^\s,;}&"'\[{(][^\s,;}&"']*) )
    """
)

_CODE_ASSIGNMENT = re.compile(
    r"""(?mx)
      (?<![\w.]) ["']? (?P<name>[A-Za-z_]\w*) ["']?
      (?: [ \t]* : [ \t]* [\w.\[\]| ]+? )?          # an annotated type
      [ \t]* [:=] [ \t]*
      (?: "(?P<double>[^"\n]*)" | '(?P<single>[^'\n]*)' )
    """
)
"""In a program an unquoted value is a variable, a call or a type."""

CODE_SUFFIXES = (".py", ".js", ".ts", ".go", ".lua", ".rego", ".java")


def is_secret_name(name: str) -> bool:
    """Whether what has this name is a credential itself: `DB_PASSWORD` is, `DB_PASSWORD_FILE` is not."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    if words[-1] == "id" and words[-3:-1] == ["access", "key"]:
        return True
    return (
        words[-1] in _SECRET_WORDS
        or (len(words) > 1 and (words[-2], words[-1]) in _SECRET_PAIRS)
        or words[-1].endswith(_ENDS_IN_SECRET_WORD)
    )


def is_literal(value: str) -> bool:
    """Whether a value could be the credential itself: not a reference to one, a switch, a number or nothing."""
    text = value.strip()
    return text.lower() not in _NO_SECRET and not _REFERENCE.search(text) and not _NUMBER.fullmatch(text)


@lru_cache(maxsize=_KEPT_TEXTS)
def credential_shape(text: str) -> str | None:
    """What kind of credential is somewhere in `text`, judged by its shape alone; None when there is none."""
    if not _ANY_SHAPE.search(text):
        return None
    return next((kind for kind, shape in _SHAPES if shape.search(text)), None)


@lru_cache(maxsize=_KEPT_TEXTS)
def assigns_credential(text: str, file_name: str = "") -> bool:
    """Whether text gives a literal to a name that is one of a credential.

    `file_name` tells program code from configuration (YAML, JSON, INI, shell), which is what text is taken for.
    """
    if not _ANY_SECRET_WORD.search(text):
        return False
    assignment = _CODE_ASSIGNMENT if file_name.endswith(CODE_SUFFIXES) else _ASSIGNMENT
    return any(
        is_secret_name(found["name"])
        and is_literal(found.get("double") or found.get("single") or found.get("bare") or "")
        for found in (match.groupdict() for match in assignment.finditer(text))
    )
