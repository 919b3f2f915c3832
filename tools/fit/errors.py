"""Errors of the fit command."""


class FitError(Exception):
    """A question that cannot be answered; each line of the message names the variable and the fix."""
