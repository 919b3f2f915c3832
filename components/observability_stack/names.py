"""Names that the chart's values, our own objects and the wiring agree on."""

from __future__ import annotations

GRAFANA_ADMIN_SECRET = "grafana-admin"  # noqa: S105 # the name of a Secret
GRAFANA_OAUTH_SECRET = "grafana-oauth"  # noqa: S105
ALERTMANAGER_SECRET = "alertmanager-configuration"  # noqa: S105

ADMIN_USER_KEY = "admin-user"
ADMIN_PASSWORD_KEY = "admin-password"  # noqa: S105
CLIENT_SECRET_KEY = "client-secret"  # noqa: S105
ALERTMANAGER_KEY = "alertmanager.yaml"

DASHBOARD_LABEL = "grafana_dashboard"
"""Grafana's sidecar loads ConfigMaps of its namespace that carry this label with the value `1`."""

GRAFANA_ROLE = "grafana-configuration"
PROMETHEUS_SERVICE_ACCOUNT = "prometheus"
PRIORITY = "platform-standard"
