"""LoRA adapters of a model."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from components.base.adapters import ADAPTER_RANKS
from stacks.schema.base import DnsLabel, PositiveInt, SettingsModel

_DEFAULT_SLOTS = 4
_FOLDER = re.compile(r"s3://models/([\w-][\w.-]*/)*[\w-][\w.-]*")


class AdapterSettings(SettingsModel):
    """A LoRA adapter. Clients call it by its name, at the price of its base model."""

    name: DnsLabel
    """Name that clients use."""
    s3: Annotated[str, Field(json_schema_extra={"pattern": f"^{_FOLDER.pattern}$"})]
    """`s3://models/<prefix>`: folder in the platform's bucket for models with `adapter_config.json` and
    `adapter_model.safetensors`. Other content under the same prefix is picked up while servers run."""
    rank: Annotated[int, Field(ge=1, le=ADAPTER_RANKS[-1])] = 16
    """`r` of its `adapter_config.json`, which must fit a slot. A file with a higher rank than a slot is not loaded."""
    base_model: str | None = None
    """`base_model_name_or_path` of its `adapter_config.json`, where that is neither the model's Hugging Face repository
    nor its `baseModel`: an adapter of another model answers nonsense, so it is not loaded."""
    teams: tuple[DnsLabel, ...] = ()
    """Teams that may call it; empty: every team that may call its name. A team that is not named cannot call it, even
    with models `*`."""

    @field_validator("s3")
    @classmethod
    def _folder(cls, s3: str) -> str:
        if not _FOLDER.fullmatch(s3):
            message = (
                f"{s3!r} is not s3://models/<folder>: the platform's own bucket for models, the names of its folders "
                "(none begins with a dot), and no slash at the end"
            )
            raise ValueError(message)
        return s3


class AdapterSlotSettings(SettingsModel):
    """Places for adapters in GPU memory."""

    count: PositiveInt | None = None
    """Adapters in GPU memory at once; others wait in main memory and change places with them. null: as many as there
    are adapters, at most 4."""
    rank: Literal[8, 16, 32, 64, 128, 256, 320, 512] = 16
    """Largest rank that a slot can hold. Every slot takes the memory of that rank, whatever is in it."""

    def places(self, adapters: int) -> int:
        """Slots for so many adapters; 0 without any."""
        return (self.count or min(adapters, _DEFAULT_SLOTS)) if adapters else 0
