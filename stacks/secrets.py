"""The one reader of secrets. They are `secure:` keys of their own, never part of the settings, and stay Outputs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

PROJECT = "ai-platform"
SECRET_KEYS = (
    "huggingFaceToken",
    "ldapBindPassword",
    "alertWebhookUrl",
    "sshPrivateKey",
    "etcdSnapshotAccessKeyId",
    "etcdSnapshotSecretAccessKey",
    "externalApiKeys",
    "otlpHeaders",
    "langfusePublicKey",
    "langfuseSecretKey",
)
"""Keys of the project that `read_secrets` reads."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secrets that only the operator knows; None where the stack does not set the key."""

    hugging_face_token: pulumi.Output[str] | None
    ldap_bind_password: pulumi.Output[str] | None
    alert_webhook_url: pulumi.Output[str] | None
    ssh_private_key: pulumi.Output[str] | None
    etcd_snapshot_access_key_id: pulumi.Output[str] | None = None
    etcd_snapshot_secret_access_key: pulumi.Output[str] | None = None
    external_api_keys: pulumi.Output[str] | None = None
    otlp_headers: pulumi.Output[str] | None = None
    langfuse_public_key: pulumi.Output[str] | None = None
    langfuse_secret_key: pulumi.Output[str] | None = None


def read_secrets() -> Secrets:
    """Read the `secure:` keys of the stack (`pulumi config set --secret ai-platform:<key>`)."""
    config = pulumi.Config(PROJECT)
    return Secrets(
        hugging_face_token=config.get_secret("huggingFaceToken"),
        ldap_bind_password=config.get_secret("ldapBindPassword"),
        alert_webhook_url=config.get_secret("alertWebhookUrl"),
        ssh_private_key=config.get_secret("sshPrivateKey"),
        etcd_snapshot_access_key_id=config.get_secret("etcdSnapshotAccessKeyId"),
        etcd_snapshot_secret_access_key=config.get_secret("etcdSnapshotSecretAccessKey"),
        external_api_keys=config.get_secret("externalApiKeys"),
        otlp_headers=config.get_secret("otlpHeaders"),
        langfuse_public_key=config.get_secret("langfusePublicKey"),
        langfuse_secret_key=config.get_secret("langfuseSecretKey"),
    )


def required_secret(value: pulumi.Output[str] | None, key: str, setting: str) -> pulumi.Output[str]:
    """`value`, which `setting` cannot do without. A render, which contacts nothing, goes on with a marked placeholder.

    Raises pulumi.RunError where the stack does not set `key`.
    """
    if value is not None:
        return value
    if pulumi.Config(PROJECT).get_bool("offline"):
        return pulumi.Output.secret(f"[{key}, known to the engine only]")
    message = f"{setting} needs {PROJECT}:{key}: set it with pulumi config set --secret {PROJECT}:{key}"
    raise pulumi.RunError(message)
