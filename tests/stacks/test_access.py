"""Without a key for the hosts the program ends before it registers anything."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pydantic import TypeAdapter

from stacks.platform import compose
from stacks.schema.cluster import ClusterSettings
from stacks.secrets import Secrets
from stacks.substrate import SSH_AGENT, require_access
from tests.settings.test_cluster_settings import eks, existing, k3s
from tools.render.program import OFFLINE_KEY, record

ADAPTER: TypeAdapter[Any] = TypeAdapter(ClusterSettings)
NO_SECRETS = Secrets(
    **dict.fromkeys(Secrets.__dataclass_fields__)  # type: ignore[arg-type] # every secret may be missing
)


def settings(content: dict[str, Any]) -> Any:
    """Of a program that gets no further than its cluster's kind."""
    return SimpleNamespace(cluster=ADAPTER.validate_python(content))


def check(content: dict[str, Any], *, offline: bool = False, key: bool = False) -> None:
    def program() -> None:
        secret = pulumi.Output.secret("key") if key else None
        require_access(settings(content), replace(NO_SECRETS, ssh_private_key=secret))

    record(program, config={OFFLINE_KEY: "true"} if offline else {})


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SSH_AGENT, raising=False)


def test_a_missing_key_for_the_hosts_ends_the_program_with_both_fixes() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        check(k3s())
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("ai-platform:sshPrivateKey: no SSH key for the hosts")
    assert "pulumi config set --secret ai-platform:sshPrivateKey" in message
    assert "SSH_AUTH_SOCK" in message


def test_the_key_is_missed_before_anything_is_registered() -> None:
    """These settings hold nothing that a resource could be made of."""
    with pytest.raises(pulumi.RunError, match="no SSH key for the hosts"):
        record(lambda: compose(settings(k3s()), NO_SECRETS))


def test_a_key_or_an_agent_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    check(k3s(), key=True)
    monkeypatch.setenv(SSH_AGENT, "/run/user/1000/agent")
    check(k3s())


def test_a_render_needs_no_key() -> None:
    check(k3s(), offline=True)


@pytest.mark.parametrize("content", [existing(), eks()], ids=["existing", "eks"])
def test_other_clusters_need_no_key(content: dict[str, Any]) -> None:
    check(content)
