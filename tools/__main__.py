"""Entry point of `python -m tools`."""

from tools.cli import app

app()
