"""Where the weights of a model come from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from stacks.schema.base import SettingsModel

_SOURCES = "huggingFace (with revision), s3, oci or path"


class WeightsSettings(SettingsModel):
    """Where the weights come from: exactly one source."""

    hugging_face: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    """Hugging Face repository (`Qwen/Qwen3-8B`). A job copies it to the object store once; servers read it there."""
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """Commit of the repository, 40 hexadecimal digits. A branch can move, a commit cannot."""
    s3: Annotated[str, Field(pattern=r"^s3://models/[\w./-]*[\w.-]$")] | None = None
    """`s3://models/<prefix>`: a checkpoint that was put into the platform's own bucket for models. `models` stands for
    that bucket, whatever the substrate calls it."""
    oci: Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?/[\w./-]+(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$")] | None = (
        None
    )
    """Image that holds the checkpoint in its root, with a tag or a digest. It is mounted read-only."""
    path: Annotated[str, Field(pattern=r"^[a-z0-9][-a-z0-9.]*(/[\w.-]+)*$")] | None = None
    """`<claim>/<folder>`: a folder on an existing PersistentVolumeClaim of namespace models, mounted read-only."""

    @model_validator(mode="after")
    def _one_source(self) -> WeightsSettings:
        given = [source for source in (self.hugging_face, self.s3, self.oci, self.path) if source is not None]
        if len(given) != 1:
            message = f"set exactly one of {_SOURCES}; {len(given)} are set"
            raise ValueError(message)
        if self.hugging_face and self.revision is None:
            message = (
                f"set revision to a commit of the repository (40 hexadecimal digits, see "
                f"https://huggingface.co/{self.hugging_face}/commits/main)"
            )
            raise ValueError(message)
        if self.revision and not self.hugging_face:
            message = "revision belongs to huggingFace: remove it"
            raise ValueError(message)
        return self
