"""Managed services around a cluster in AWS: money, copies, database, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from components.base.instance_prices import PRICES_AS_OF
from stacks.schema.base import NOT_EMPTY, PositiveInt, SettingsModel
from stacks.schema.eks_network import Cidrs
from stacks.schema.stack_tags import StackTags
from stacks.schema.time_windows import (
    DAYS,
    MINUTES_OF_DAY,
    DailyWindow,
    Span,
    TimeOfDay,
    WeeklyWindow,
    daily_spans,
    minute_of_day,
    weekly_span,
)

BUSY_MINUTES = 60
"""AWS Backup starts a copy within an hour, and RDS refuses one from an hour before a window of its own until that ends
(AWS Backup Developer Guide, "Backup plan options and configuration")."""

LONGEST_ENVIRONMENT = 24
"""Characters that the shortest limit leaves: 50 in the name of a vault, which also says what it is of."""
HOURS_OF_MONTH = 730
"""Hours of an average month, as AWS counts in its own estimates."""

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")]
"""An e-mail address."""
GroupId = Annotated[str, Field(pattern=r"^([0-9a-f]{10}-)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
"""Id of a group in IAM Identity Center."""


class BudgetSettings(SettingsModel):
    """What the stack may cost in a month. Reaching it is told and stops nothing."""

    monthly_usd: PositiveInt
    """Whole US dollars. Told at 80 % and 100 % of it, and when the month is going to end above it."""
    emails: Annotated[tuple[Email, ...], NOT_EMPTY, Field(max_length=10)]
    """Who is told, also of a backup that failed; each address confirms the latter once."""
    scope: Literal["account", "stack"] = "account"
    """What counts: everything in the account, or what carries this environment's tag. The latter stays at zero until
    `ai-platform/environment` is activated as a cost allocation tag in the billing account."""


class BackupSettings(SettingsModel):
    """Copies of databases, retained volumes and the buckets of documents and backups, in a vault of AWS Backup."""

    daily_retention_days: PositiveInt = 35
    """How long a daily copy is kept."""
    weekly_retention_days: PositiveInt = 90
    """How long the copy of a Sunday is kept."""
    start_time: TimeOfDay = "05:00"
    """When the daily copy starts; the weekly one follows an hour later (UTC)."""
    vault_lock: Literal["governance", "none"] = "governance"
    """`governance`: nobody ends a copy early before an administrator has removed the lock."""
    copy_to_region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] | None = None
    """Region that holds a second copy of everything; null: none."""


class DatabaseServiceSettings(SettingsModel):
    """How RDS looks after the PostgreSQL server. Size, standby and retention are those of `data.postgres`."""

    backup_window: DailyWindow = "02:00-03:00"
    """When RDS takes the snapshot that its point-in-time recovery starts from (UTC)."""
    maintenance_window: WeeklyWindow = "sun:03:30-sun:04:30"
    """When RDS may install minor versions and restart the server (UTC)."""
    monitoring_seconds: Literal[0, 1, 5, 10, 15, 30, 60] = 60
    """Interval of the operating system's metrics; 0: none."""
    max_storage_gib: Annotated[int, Field(ge=20, le=65536)] | None = None
    """Where the disk stops growing by itself, in GiB; null: at four times `data.postgres.storageGib`."""
    certificate_authority: Literal["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"] = "rds-ca-rsa2048-g1"
    """Who signs the server's certificate. All of them end in 2061 or later."""
    authority_certificates: Annotated[str, Field(pattern=r"^\s*-----BEGIN CERTIFICATE-----")] | None = None
    """Text of the region's certificate bundle (truststore.pki.rds.amazonaws.com), with which the platform checks that
    it talks to the right server before it sends passwords; null: the connection is encrypted and not checked."""


class ManagedPrometheusSettings(SettingsModel):
    """A copy of all metrics in Amazon Managed Service for Prometheus, which outlives the cluster.

    Billed by sample: 150,000 series every 30 seconds are of the order of 500 US dollars a month.
    """

    enabled: bool = True
    """false: metrics stay in the cluster."""
    retention_days: Annotated[int, Field(ge=1, le=1095)] = 150
    """How long metrics are kept. The default is the service's own."""


class IdentityCenterSettings(SettingsModel):
    """Sign-in by IAM Identity Center, which must be enabled for the account or its organisation first."""

    admin_group_ids: Annotated[tuple[GroupId, ...], NOT_EMPTY]
    """Ids of the groups that administer Grafana."""
    editor_group_ids: tuple[GroupId, ...] = ()
    """Ids of the groups that edit dashboards. Everybody else who is assigned to the workspace looks only."""


class SamlSettings(SettingsModel):
    """Sign-in by an identity provider, which must be given the workspace's address as a service provider afterwards."""

    metadata_url: Annotated[str, Field(pattern=r"^https://.+$")]
    """Where the identity provider publishes its metadata, reachable from AWS."""
    role_attribute: str = Field(min_length=1)
    """Attribute of an assertion that lists a person's roles."""
    admin_roles: Annotated[tuple[str, ...], NOT_EMPTY]
    """Values of that attribute that make an administrator."""
    editor_roles: tuple[str, ...] = ()
    """Values of that attribute that make an editor."""


class ManagedGrafanaSettings(SettingsModel):
    """An Amazon Managed Grafana workspace over those metrics, beside the platform's own Grafana, which stays."""

    identity_center: IdentityCenterSettings | None = None
    """Sign-in by IAM Identity Center."""
    saml: SamlSettings | None = None
    """Sign-in by SAML."""
    allowed_cidrs: Annotated[Cidrs, NOT_EMPTY]
    """Addresses that people come from; all others are refused before the sign-in."""

    @model_validator(mode="after")
    def _one_login(self) -> ManagedGrafanaSettings:
        if (self.identity_center is None) == (self.saml is None):
            message = (
                "name how people sign in, in one way: identityCenter (IAM Identity Center must be enabled first, and "
                "has the groups) or saml (the identity provider must exist, and is told of the workspace afterwards)"
            )
            raise ValueError(message)
        return self


def missing_budget(node_prices: Sequence[float | None]) -> str:
    """The refusal of a stack without a budget, with what is known of its cost."""
    hourly = sum(price for price in node_prices if price is not None)
    least = f"the nodes that are always there cost {hourly:,.2f} USD an hour, {hourly * HOURS_OF_MONTH:,.0f} a month"
    rest = "; pools without a known price come on top" if None in node_prices else ""
    cost = f" ({least}, at list prices on demand of {PRICES_AS_OF}{rest})" if hourly else ""
    return f"budget: required: add monthlyUsd and emails{cost}"


class EksServicesSettings(SettingsModel):
    """Keys of the services around the cluster."""

    budget: BudgetSettings | None = None
    """What the stack may cost in a month. Required: GPU instances cost hundreds of dollars a day while they idle."""
    tags: StackTags = Field(default_factory=dict, validate_default=True)
    """Tags on everything that the stack makes in AWS: at least owner, cost-centre and data-class."""
    backup: BackupSettings = BackupSettings()
    """Copies in a vault of AWS Backup."""
    database: DatabaseServiceSettings = DatabaseServiceSettings()
    """How RDS looks after the PostgreSQL server."""
    managed_prometheus: ManagedPrometheusSettings = ManagedPrometheusSettings()
    """A copy of all metrics outside of the cluster."""
    managed_grafana: ManagedGrafanaSettings | None = None
    """Dashboards outside of the cluster; null: only the platform's own Grafana."""

    def service_problem(self, region: str, node_prices: Sequence[float | None]) -> str | None:
        """What does not fit together, and the fix.

        `region` is the cluster's, `node_prices` are what its pools cost at least, in USD an hour, None where unknown.
        """
        if self.budget is None:
            return missing_budget(node_prices)
        if self.managed_grafana and not self.managed_prometheus.enabled:
            return "managedGrafana: it would show nothing: set managedPrometheus.enabled: true or remove it"
        if self.backup.copy_to_region == region:
            return f"backup.copyToRegion: {region} is the cluster's own region: name another one, or null"
        return self._window_problem()

    def _window_problem(self) -> str | None:
        backups, maintenance = daily_spans(self.database.backup_window), weekly_span(self.database.maintenance_window)
        if any(maintenance.meets(span) for span in backups):
            return "database.maintenanceWindow: it overlaps database.backupWindow: move one of them"
        start = minute_of_day(self.backup.start_time)
        starts = [day * MINUTES_OF_DAY + start for day in range(len(DAYS))]
        starts.append(DAYS.index("sun") * MINUTES_OF_DAY + (start + BUSY_MINUTES) % MINUTES_OF_DAY)
        copies = [Span(start=minute, minutes=BUSY_MINUTES) for minute in starts]
        for key, spans in (("backupWindow", backups), ("maintenanceWindow", (maintenance,))):
            if any(copy.meets(span.preceded_by(BUSY_MINUTES)) for copy in copies for span in spans):
                return (
                    f"backup.startTime: {self.backup.start_time}: RDS refuses copies from an hour before "
                    f"database.{key} until its end: start after it"
                )
        return None
