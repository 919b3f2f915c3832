"""What requests to a model may bring beside text."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from stacks.schema.base import SettingsModel


class MediaSettings(SettingsModel):
    """Most images and videos of one request, for tasks vision and image-embedding. They come inside the request
    (`data:` addresses); a server fetches nothing that a client names."""

    images: Annotated[int, Field(ge=0, le=256)] = 8
    """Images of one request."""
    videos: Annotated[int, Field(ge=0, le=16)] = 0
    """Videos of one request; needs `videoMemoryGib`."""
    video_memory_gib: Annotated[float, Field(gt=0)] | None = None
    """GPU memory in GiB that the longest video takes while it is encoded, on each GPU. It depends on frames and their
    size, which no record of an architecture describes, so it has to be measured (docs/vllm_model.md)."""

    @model_validator(mode="after")
    def _counted(self) -> Self:
        if self.videos and self.video_memory_gib is None:
            message = (
                f"videos: {self.videos} of a request take memory that the fit check cannot work out, 10 GiB and more "
                "with a long context: set videoMemoryGib to what was measured, or videos to 0"
            )
            raise ValueError(message)
        if self.video_memory_gib is not None and not self.videos:
            message = "videoMemoryGib: a request has no videos: remove it or raise videos"
            raise ValueError(message)
        return self
