"""Where alerts go: the configuration of Alertmanager.

Source: Alertmanager documentation, "Configuration" (versions 0.22 and newer).
"""

from __future__ import annotations

from typing import Any

import yaml

NOBODY = "nobody"
WEBHOOK = "webhook"


def alertmanager_configuration(webhook_url: str | None) -> str:
    """YAML text of `alertmanager.yaml`. Alerts go to `webhook_url` (POST, Alertmanager's own JSON), or to nobody.

    The text holds the address, which is a secret: whoever knows it can post there.
    """
    receivers: list[dict[str, Any]] = [{"name": NOBODY}]
    receiver = NOBODY
    if webhook_url is not None:
        receiver = WEBHOOK
        receivers.append({"name": WEBHOOK, "webhook_configs": [{"url": webhook_url, "send_resolved": True}]})
    configuration = {
        "route": {
            "receiver": receiver,
            "group_by": ["alertname", "namespace", "model_name"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [
                # Always firing by design: it proves that alerts arrive, and belongs to a dead man's switch only.
                {"receiver": NOBODY, "matchers": ['alertname=~"Watchdog|InfoInhibitor"']},
                {"receiver": NOBODY, "matchers": ['severity="info"']},
                {"receiver": receiver, "matchers": ['severity="critical"'], "repeat_interval": "1h"},
            ],
        },
        "inhibit_rules": [
            {
                "source_matchers": ['severity="critical"'],
                "target_matchers": ['severity=~"warning|info"'],
                "equal": ["alertname", "namespace"],
            },
            # A gateway that is down explains the errors that it counted before.
            {
                "source_matchers": ['alertname="GatewayDown"'],
                "target_matchers": ['alertname=~"GatewayError.*|GatewayLatencyHigh"'],
            },
        ],
        "receivers": receivers,
    }
    return yaml.safe_dump(configuration, sort_keys=False)
