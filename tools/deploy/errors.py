"""The one error of deploying."""


class DeployError(Exception):
    """The stack could not be brought up. Each line of the message stands for itself and names the fix."""
