"""Settings of the managed services around a cluster in AWS → what their components are given."""

from __future__ import annotations

from components.gpu_cluster.eks.services.backup import BackupPlan
from components.gpu_cluster.eks.services.budget import BudgetPlan
from components.gpu_cluster.eks.services.database_instance import DatabasePlan
from components.gpu_cluster.eks.services.grafana_workspace import GrafanaPlan, IdentityCenterLogin, SamlLogin
from components.gpu_cluster.eks.services.services import ServicePlan
from stacks.schema.eks_services import (
    BackupSettings,
    BudgetSettings,
    DatabaseServiceSettings,
    EksServicesSettings,
    ManagedGrafanaSettings,
)
from stacks.schema.time_windows import minute_of_day


def service_plan(settings: EksServicesSettings) -> ServicePlan:
    """Everything that the services need to know. Raises ValueError for settings that were not validated."""
    if settings.budget is None:
        message = "budget: required: the settings refuse a stack without one"
        raise ValueError(message)
    metrics = settings.managed_prometheus
    return ServicePlan(
        budget=_budget(settings.budget),
        backup=_backup(settings.backup),
        database=_database(settings.database),
        metrics_retention_days=metrics.retention_days if metrics.enabled else None,
        grafana=_grafana(settings.managed_grafana) if settings.managed_grafana else None,
    )


def _budget(settings: BudgetSettings) -> BudgetPlan:
    return BudgetPlan(monthly_usd=settings.monthly_usd, emails=settings.emails, scope=settings.scope)


def _backup(settings: BackupSettings) -> BackupPlan:
    return BackupPlan(
        daily_retention_days=settings.daily_retention_days,
        weekly_retention_days=settings.weekly_retention_days,
        start=divmod(minute_of_day(settings.start_time), 60),
        locked=settings.vault_lock == "governance",
        copy_region=settings.copy_to_region,
    )


def _database(settings: DatabaseServiceSettings) -> DatabasePlan:
    return DatabasePlan(
        backup_window=settings.backup_window,
        maintenance_window=settings.maintenance_window,
        monitoring_seconds=settings.monitoring_seconds,
        max_storage_gib=settings.max_storage_gib,
        authority=settings.certificate_authority,
        authority_certificates=settings.authority_certificates,
    )


def _grafana(settings: ManagedGrafanaSettings) -> GrafanaPlan:
    return GrafanaPlan(login=_login(settings), allowed_cidrs=settings.allowed_cidrs)


def _login(settings: ManagedGrafanaSettings) -> IdentityCenterLogin | SamlLogin:
    center, saml = settings.identity_center, settings.saml
    if center is not None:
        return IdentityCenterLogin(admin_group_ids=center.admin_group_ids, editor_group_ids=center.editor_group_ids)
    if saml is not None:
        return SamlLogin(
            metadata_url=saml.metadata_url,
            role_attribute=saml.role_attribute,
            admin_roles=saml.admin_roles,
            editor_roles=saml.editor_roles,
        )
    message = "managedGrafana: no way to sign in: the settings refuse that"
    raise ValueError(message)
