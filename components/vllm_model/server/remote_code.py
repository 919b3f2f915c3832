"""Whether a server may run Python files that come with its weights.

Such files run with everything that the server has: its keys, its network, the GPU. They are refused unless somebody
says why, and only for weights that cannot change under the name that was looked at.
"""

from __future__ import annotations

from components.base.model_weights import HuggingFaceWeights, ImageWeights, ObjectStoreWeights, Weights
from components.base.models import Architecture


def remote_code_problem(architecture: Architecture, weights: Weights, reason: str | None) -> str | None:
    """What is wrong with `reason` (None: nothing may run) for this model, and how to mend it; None when it is right."""
    if reason is None:
        if architecture.remote_code:
            return (
                f"{architecture.name} only runs with Python files of its repository: read them, then set "
                "trustRemoteCode: {reason: <who read them, and why the model is needed>}, or choose another model"
            )
        return None
    return _pinning_problem(weights)


def _pinning_problem(weights: Weights) -> str | None:
    """Why the files that were read could be others tomorrow."""
    if isinstance(weights, HuggingFaceWeights):
        return None
    if isinstance(weights, ImageWeights):
        if "@sha256:" in weights.reference:
            return None
        return (
            f"trustRemoteCode needs weights that cannot change, and {weights.reference} is a tag: name the image by "
            "its digest (oci: ...@sha256:...)"
        )
    if isinstance(weights, ObjectStoreWeights):
        if weights.handling.checked:
            return None
        return "trustRemoteCode needs weights that cannot change, and an s3 prefix can: set weights.digest"
    return (
        "trustRemoteCode needs weights that cannot change, and a folder on a claim can: use huggingFace with a "
        "revision, s3 with a digest, or oci with a digest"
    )
