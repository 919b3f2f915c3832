"""Licences under which models may be served to the organisation's own people and customers.

The keys are what the catalogue and `models[].license` say. A licence that forbids commercial use (CC-BY-NC, the Mistral
Research License, the older Qwen Research License) is left out on purpose: whoever may use such a model anyway writes an
exception with the name of the person who decided so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Licence:
    """`terms` is where the text is, `duties` what it asks of whoever serves the model."""

    terms: str
    duties: str


_META_DUTIES = (
    "show 'Built with Llama', keep the notice, follow the acceptable use policy; above 700 million monthly users Meta "
    "must be asked"
)

ALLOWED_LICENCES: Mapping[str, Licence] = {
    "Apache-2.0": Licence(terms="https://www.apache.org/licenses/LICENSE-2.0", duties="keep the notices"),
    "MIT": Licence(terms="https://spdx.org/licenses/MIT.html", duties="keep the notice"),
    "BSD-3-Clause": Licence(terms="https://spdx.org/licenses/BSD-3-Clause.html", duties="keep the notice"),
    "CC-BY-4.0": Licence(terms="https://creativecommons.org/licenses/by/4.0/legalcode", duties="name the authors"),
    "Modified MIT": Licence(
        terms="https://huggingface.co/moonshotai/Kimi-K2-Instruct/blob/main/LICENSE",
        duties="keep the notice; above 100 million monthly users or 20 million US dollars a month show 'Kimi K2'",
    ),
    "Llama 3 Community License": Licence(terms="https://www.llama.com/llama3/license/", duties=_META_DUTIES),
    "Llama 3.1 Community License": Licence(terms="https://www.llama.com/llama3_1/license/", duties=_META_DUTIES),
    "Llama 3.2 Community License": Licence(terms="https://www.llama.com/llama3_2/license/", duties=_META_DUTIES),
    "Llama 3.3 Community License": Licence(terms="https://www.llama.com/llama3_3/license/", duties=_META_DUTIES),
    "Gemma Terms of Use": Licence(
        terms="https://ai.google.dev/gemma/terms", duties="pass the terms on, follow the prohibited use policy"
    ),
    "Qwen License": Licence(
        terms="https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/blob/main/LICENSE",
        duties="keep the notice; above 100 million monthly users Alibaba Cloud must be asked",
    ),
    "Own work": Licence(terms="the organisation's own rules", duties="none: trained by the organisation itself"),
}
"""By the name that a model's record uses. State of 2026-08."""
