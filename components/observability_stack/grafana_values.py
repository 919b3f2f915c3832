"""Values of the Grafana chart inside kube-prometheus-stack."""

from __future__ import annotations

from typing import Any

from components.base.namespaces import OBSERVABILITY
from components.base.oidc import OidcClient
from components.base.operator_objects import GRAFANA_SERVICE
from components.observability_stack.arguments import ObservabilityStackArgs
from components.observability_stack.names import (
    ADMIN_PASSWORD_KEY,
    ADMIN_USER_KEY,
    CLIENT_SECRET_KEY,
    DASHBOARD_LABEL,
    GRAFANA_ADMIN_SECRET,
    GRAFANA_OAUTH_SECRET,
    GRAFANA_ROLE,
    PRIORITY,
)
from components.observability_stack.route import GRAFANA_PORT, grafana_host

ROLES = {"admin": "Admin", "developer": "Editor", "user": "Viewer"}
"""Role of the realm to role in Grafana, strongest first."""


def role_attribute_path() -> str:
    """JMESPath that Grafana evaluates over the token's claims; nobody without a role of the realm gets in."""
    return " || ".join(f"contains(roles[*], '{realm}') && '{grafana}'" for realm, grafana in ROLES.items())


def grafana_values(args: ObservabilityStackArgs) -> dict[str, Any]:
    """Values under `grafana:`."""
    registry = args.cluster.registry
    return {
        "fullnameOverride": GRAFANA_SERVICE,
        "image": {"registry": registry.rewrite("docker.io")},
        # Its pod is a Helm test hook with an image of its own.
        "testFramework": {"enabled": False},
        # It runs as root to change the owner of a volume whose group the kubelet sets already.
        "initChownData": {"enabled": False},
        "admin": {
            "existingSecret": GRAFANA_ADMIN_SECRET,
            "userKey": ADMIN_USER_KEY,
            "passwordKey": ADMIN_PASSWORD_KEY,
        },
        "envValueFrom": {
            "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET": {
                "secretKeyRef": {"name": GRAFANA_OAUTH_SECRET, "key": CLIENT_SECRET_KEY}
            }
        },
        "grafana.ini": _ini_values(args.platform.domain, args.sign_on),
        # The chart's own role may read Secrets too.
        "rbac": {"namespaced": True, "useExistingRole": GRAFANA_ROLE},
        "containerSecurityContext": {"readOnlyRootFilesystem": True},
        "extraEmptyDirMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 # a path in the container
        "sidecar": {
            "image": {"registry": registry.rewrite("quay.io")},
            "resources": _resources("20m", "128Mi"),
            "dashboards": {
                "enabled": True,
                "label": DASHBOARD_LABEL,
                "labelValue": "1",
                "searchNamespace": OBSERVABILITY,
                "resource": "configmap",
            },
            "datasources": {"searchNamespace": OBSERVABILITY, "resource": "configmap"},
        },
        "service": {"port": GRAFANA_PORT},
        "enableServiceLinks": False,
        "persistence": {
            "enabled": True,
            "storageClassName": args.cluster.storage.retained,
            "size": "10Gi",
            # What the chart looks up in a cluster differs from run to run, and is nothing without one.
            "lookupVolumeName": False,
        },
        # A second pod cannot mount the volume while the first one holds it.
        "deploymentStrategy": {"type": "Recreate"},
        "priorityClassName": PRIORITY,
        "resources": _resources("100m", "512Mi"),
    }


def _ini_values(domain: str, sign_on: OidcClient) -> dict[str, Any]:
    return {
        "server": {"domain": grafana_host(domain), "root_url": f"https://{grafana_host(domain)}/"},
        # Nothing calls home: the platform may stand in a network without a way out.
        "analytics": {"reporting_enabled": False, "check_for_updates": False, "check_for_plugin_updates": False},
        "news": {"news_feed_enabled": False},
        "plugins": {"preinstall_disabled": True, "plugin_admin_enabled": False},
        "security": {"cookie_secure": True, "disable_gravatar": True},
        "users": {"allow_sign_up": False},
        "auth": {"disable_login_form": True},
        "auth.generic_oauth": _oauth_values(domain, sign_on),
    }


def _oauth_values(domain: str, sign_on: OidcClient) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": "Single sign-on",
        "allow_sign_up": True,
        "client_id": sign_on.client_id,
        "scopes": "openid profile email",
        "auth_url": sign_on.authorization_url,
        "token_url": sign_on.token_url,
        "api_url": sign_on.userinfo_url,
        "signout_redirect_url": (
            f"{sign_on.logout_url}?client_id={sign_on.client_id}"
            f"&post_logout_redirect_uri=https%3A%2F%2F{grafana_host(domain)}%2Flogin"
        ),
        "use_pkce": True,
        "use_refresh_token": True,
        "login_attribute_path": "preferred_username",
        "email_attribute_path": "email",
        "name_attribute_path": "name",
        "role_attribute_path": role_attribute_path(),
        "role_attribute_strict": True,
    }


def _resources(cpu: str, memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": "1", "memory": memory}}
