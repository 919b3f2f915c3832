"""The one reader of secrets. They are `secure:` keys of their own, never part of the settings, and stay Outputs."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

PROJECT = "ai-platform"
SECRET_KEYS = ("huggingFaceToken", "ldapBindPassword", "alertWebhookUrl", "sshPrivateKey")
"""Keys of the project that `read_secrets` reads."""


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secrets that only the operator knows; None where the stack does not set the key."""

    hugging_face_token: pulumi.Output[str] | None
    ldap_bind_password: pulumi.Output[str] | None
    alert_webhook_url: pulumi.Output[str] | None
    ssh_private_key: pulumi.Output[str] | None


def read_secrets() -> Secrets:
    """Read the `secure:` keys of the stack (`pulumi config set --secret ai-platform:<key>`)."""
    config = pulumi.Config(PROJECT)
    return Secrets(
        hugging_face_token=config.get_secret("huggingFaceToken"),
        ldap_bind_password=config.get_secret("ldapBindPassword"),
        alert_webhook_url=config.get_secret("alertWebhookUrl"),
        ssh_private_key=config.get_secret("sshPrivateKey"),
    )
