"""The program: read the settings, compose the platform, export what people need."""

import pulumi

from stacks.configuration import read_settings
from stacks.platform import compose
from stacks.secrets import read_secrets

platform = compose(read_settings(), read_secrets())

for name, value in platform.exports.items():
    pulumi.export(name, value)
