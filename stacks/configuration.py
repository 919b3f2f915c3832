"""Reads the settings from the engine's configuration, or ends the program with lines a person can act on."""

from __future__ import annotations

import difflib

import pulumi
from pulumi.runtime import is_config_secret
from pulumi.runtime.config import CONFIG, get_config_env

from stacks.secrets import SECRET_KEYS
from stacks.settings import KEY, PlatformSettings, SettingsError, load_settings

OFFLINE = "offline"
"""Key that render sets: nothing is contacted, so a kubeconfig need not exist yet."""


def read_settings() -> PlatformSettings:
    """Settings of the current stack.

    Raises pulumi.RunError, which the engine prints without a traceback, when they cannot work.
    """
    project, key = KEY.split(":")
    _refuse_unknown_keys(project, {key, OFFLINE, *SECRET_KEYS})
    if is_config_secret(KEY):
        message = f"{KEY} is encrypted: keep secrets in keys of their own (pulumi config set --secret {project}:<key>)"
        raise pulumi.RunError(message)
    try:
        return load_settings(pulumi.Config(project).require_object(key))
    except pulumi.ConfigMissingError:
        message = f"{KEY}: the stack file Pulumi.{pulumi.get_stack()}.yaml does not set it"
        raise pulumi.RunError(message) from None
    except SettingsError as error:
        raise pulumi.RunError(str(error)) from None


def _refuse_unknown_keys(project: str, known: set[str]) -> None:
    """A misspelt secret would otherwise count as not set. Raises pulumi.RunError."""
    for name in sorted({**get_config_env(), **CONFIG.get()}):
        namespace, _, key = name.partition(":")
        if namespace == project and key not in known:
            nearest = next(iter(difflib.get_close_matches(key, known - {OFFLINE}, n=1)), None)
            hint = f"did you mean {nearest!r}?" if nearest else f"known keys: {', '.join(sorted(known - {OFFLINE}))}"
            message = f"{name}: unknown key; {hint}"
            raise pulumi.RunError(message)
