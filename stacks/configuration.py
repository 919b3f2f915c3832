"""Reads the settings from the engine's configuration, or ends the program with lines a person can act on."""

from __future__ import annotations

import pulumi
from pulumi.runtime import is_config_secret

from stacks.settings import KEY, PlatformSettings, SettingsError, load_settings


def read_settings() -> PlatformSettings:
    """Settings of the current stack.

    Raises pulumi.RunError, which the engine prints without a traceback, when they cannot work.
    """
    project, key = KEY.split(":")
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
