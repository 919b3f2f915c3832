"""The one error of rendering."""


class RenderError(Exception):
    """The program could not be rendered. The message is one line that names the resource or key and the fix."""
