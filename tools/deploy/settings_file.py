"""Settings of a stack file, read without running the program."""

from __future__ import annotations

import json

from stacks.settings import KEY, PlatformSettings, SettingsError, load_settings
from tools.render.stack_file import StackFile


def settings_of(stack_file: StackFile) -> PlatformSettings:
    """The checked settings. Raises SettingsError, with one line per problem."""
    text = stack_file.values.get(KEY)
    if text is None:
        raise SettingsError([f"{KEY}: the stack file Pulumi.{stack_file.stack}.yaml does not set it"])
    return load_settings(json.loads(text) if text.startswith("{") else text)
