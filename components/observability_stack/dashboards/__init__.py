"""The platform's dashboards."""

from components.observability_stack.dashboards.ai_platform import DASHBOARD_FILE, DASHBOARD_UID, ai_platform_dashboard

__all__ = ["DASHBOARD_FILE", "DASHBOARD_UID", "ai_platform_dashboard"]
