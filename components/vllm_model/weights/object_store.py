"""Variables of programs that read and write weights in the object store."""

from __future__ import annotations

from collections.abc import Mapping

_S3_DEFAULTS = {
    # Without this the SDK asks the cloud's metadata service first, and waits for its time-out.
    "AWS_EC2_METADATA_DISABLED": "true",
    # Newer SDKs send checksums that other S3 servers refuse.
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}


def streamer_variables(grant: Mapping[str, str], *, path_style: bool) -> dict[str, str]:
    """Variables of the weights streamer for a store that was granted with `grant`."""
    variables = _S3_DEFAULTS | dict(grant)
    variables["RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING"] = "0" if path_style else "1"
    if "AWS_ENDPOINT_URL" in variables:
        # The streamer lists with boto3 and reads with its own client, which knows this name.
        variables["RUNAI_STREAMER_S3_ENDPOINT"] = variables["AWS_ENDPOINT_URL"]
    return variables


def copy_variables(grant: Mapping[str, str], *, path_style: bool) -> dict[str, str]:
    """Variables of the preload job's S3 client."""
    return _S3_DEFAULTS | dict(grant) | {"S3_PATH_STYLE": "1" if path_style else "0"}
