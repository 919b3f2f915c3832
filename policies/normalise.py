"""Properties as plain Python data, with what is unknown marked so that it can never be mistaken for a value.

The engine sends numbers as floats, secrets in wrappers and unknowns as magic strings; the SDK hides them behind proxies
that are neither dict nor list. Everything is converted once here, and rules only see plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (wire format of the engine, no secret)
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

UNKNOWN_SENTINELS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""How the engine spells an unknown boolean, number, string, array, asset, archive and object."""

REDACTED = "[secret]"
"""What stands for a secret value in a rendered graph and in an exported state."""

OPAQUE = "[asset]"
"""Stands for files and archives, which no rule looks into."""


class UnknownValueError(Exception):
    """A rule needed the value at `path`, which is not known before the deployment."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not known yet")
        self.path = path


class Unknown:
    """Stands for a value that is not known yet. Every use of it raises UnknownValueError.

    `isinstance` and `is` cannot be intercepted: rules therefore read values through `policies.fields.Field`, which
    refuses to hand an Unknown out.
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Unknown({self.path!r})"

    def _refuse(self, *_: object) -> NoReturn:
        raise UnknownValueError(self.path)

    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = _refuse
    __str__ = __format__ = __int__ = __float__ = __index__ = __add__ = __radd__ = _refuse

    def __getattr__(self, name: str) -> NoReturn:
        # Introspection (copy, pickle, test runners) asks for dunder names and must be told they are absent.
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnknownValueError(self.path)


@dataclass(frozen=True)
class Normalised:
    """`value` is plain data (dict, list, str, int, float, bool, None, Unknown); `secret_paths` were marked secret."""

    value: object
    secret_paths: tuple[str, ...]


@dataclass
class _Pass:
    unreadable: tuple[type[Exception], ...]
    secret_paths: list[str] = field(default_factory=list[str])


def normalise(value: object, *, unreadable: tuple[type[Exception], ...] = ()) -> Normalised:
    """Convert `value` and everything in it.

    `unreadable` are the exceptions by which a proxy says that a member is unknown.
    """
    run = _Pass(unreadable)
    return Normalised(_plain(value, "", run), tuple(run.secret_paths))


def join(path: str, key: str | int) -> str:
    """The path of member `key` of what is at `path`, spelt as the engine spells property paths."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    if "." in key or "[" in key:
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _plain(value: object, path: str, run: _Pass) -> object:
    if isinstance(value, str):
        return Unknown(path) if value in UNKNOWN_SENTINELS else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if value is None or isinstance(value, (bool, int, Unknown)):
        return value
    if isinstance(value, (dict, Mapping)):
        return _mapping(value, path, run)
    if isinstance(value, (list, Sequence)):
        return [_member(value, index, path, run) for index in range(len(value))]
    return OPAQUE


def _mapping(value: Mapping[str, object], path: str, run: _Pass) -> object:
    if SIGNATURE_KEY in value:
        return _signed(value, path, run)
    return {key: _member(value, key, path, run) for key in value}


def _member(value: Mapping[str, object] | Sequence[object], key: str | int, path: str, run: _Pass) -> object:
    try:
        member: object = value[key]  # pyright: ignore[reportArgumentType, reportCallIssue]
    except run.unreadable:
        return Unknown(join(path, key))
    # Most members are texts and switches, of which nobody needs the path.
    if member is None or member is True or member is False or (type(member) is str and member not in UNKNOWN_SENTINELS):
        return member
    return _plain(member, join(path, key), run)


def _signed(value: Mapping[str, object], path: str, run: _Pass) -> object:
    match value[SIGNATURE_KEY]:
        case signature if signature == SECRET_SIGNATURE:
            run.secret_paths.append(path)
            # An exported state holds `ciphertext` instead of the value.
            return _plain(value["value"], path, run) if "value" in value else REDACTED
        case signature if signature == OUTPUT_SIGNATURE:
            if value.get("secret"):
                run.secret_paths.append(path)
            return _plain(value["value"], path, run) if "value" in value else Unknown(path)
        case _:
            return OPAQUE
