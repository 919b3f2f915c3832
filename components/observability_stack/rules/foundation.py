"""Rules on what models and gateway stand on: identity, databases, stores, volumes and certificates.

Metric names: CloudNativePG `config/manager/default-monitoring.yaml` and `docs/src/monitoring.md`, barman-cloud plug-in
`web/docs/observability.md`, kubelet `kubelet_volume_stats_*`, cert-manager `pkg/metrics`.
"""

from __future__ import annotations

from components.observability_stack.rules.rule import Alert, RuleGroup

FREE_SHARE = (
    "min by (namespace, persistentvolumeclaim) "
    "(kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes)"
)


def identity_rules() -> RuleGroup:
    """Rules of single sign-on."""
    return RuleGroup(
        name="identity",
        rules=(
            Alert(
                name="IdentityDown",
                expression='absent(up{job="identity"} == 1)',
                hold="2m",
                severity="critical",
                summary="No Keycloak instance answers",
                description="Nobody can log in to the consoles; tokens that were already issued stay valid.",
            ),
        ),
    )


def postgres_rules() -> RuleGroup:
    """Rules of the PostgreSQL clusters that CloudNativePG runs."""
    return RuleGroup(
        name="postgres",
        rules=(
            Alert(
                name="PostgresDown",
                expression='absent(up{job="postgres"} == 1) or cnpg_collector_up == 0',
                hold="2m",
                severity="critical",
                summary="PostgreSQL does not answer",
                description="{{ with $labels.pod }}Instance {{ . }} is down.{{ else }}No instance answers.{{ end }}",
            ),
            Alert(
                name="PostgresReplicaStopped",
                expression="cnpg_pg_replication_in_recovery > cnpg_pg_replication_is_wal_receiver_up",
                hold="5m",
                severity="warning",
                summary="Replica {{ $labels.pod }} receives no changes",
                description="Its WAL receiver is down: a failover to it would lose data.",
            ),
            Alert(
                name="PostgresReplicationLag",
                expression="cnpg_pg_replication_lag > 60",
                hold="5m",
                severity="warning",
                summary="Replica {{ $labels.pod }} lags behind",
                description="{{ $value | humanizeDuration }} behind the primary: a failover now would lose that much.",
            ),
            Alert(
                name="PostgresArchivingFailed",
                expression="(cnpg_pg_stat_archiver_last_failed_time - cnpg_pg_stat_archiver_last_archived_time) > 1",
                hold="5m",
                severity="critical",
                summary="{{ $labels.pod }} cannot archive its changes",
                description="Point-in-time recovery stands still and the volume fills with unarchived WAL.",
            ),
            Alert(
                name="PostgresBackupOld",
                expression="time() - max(barman_cloud_cloudnative_pg_io_last_available_backup_timestamp) > 36 * 3600",
                hold="1h",
                severity="warning",
                summary="The newest PostgreSQL backup is {{ $value | humanizeDuration }} old",
                description="A backup is scheduled daily; recovery replays every change since the newest one.",
            ),
        ),
    )


def store_rules(job: str, alert: str, title: str) -> RuleGroup:
    """One rule of a store that is scraped as `job`: it does not answer."""
    return RuleGroup(
        name=job,
        rules=(
            Alert(
                name=alert,
                expression=f'absent(up{{job="{job}"}} == 1)',
                hold="5m",
                severity="critical",
                summary=f"The {title} does not answer",
                description=f"Prometheus reaches no pod of the {title}.",
            ),
        ),
    )


def volume_rules() -> RuleGroup:
    """Rules of persistent volumes. They replace the chart's KubePersistentVolumeFillingUp."""
    return RuleGroup(
        name="volumes",
        rules=(
            Alert(
                name="VolumeNearlyFull",
                expression=f"{FREE_SHARE} < 0.1",
                hold="15m",
                severity="warning",
                summary="Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is nearly full",
                description="{{ $value | humanizePercentage }} of it is free.",
            ),
            Alert(
                name="VolumeFull",
                expression=f"{FREE_SHARE} < 0.03",
                hold="5m",
                severity="critical",
                summary="Volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is as good as full",
                description="{{ $value | humanizePercentage }} of it is free: writes are about to fail.",
            ),
        ),
    )


def certificate_rules() -> RuleGroup:
    """Rules of certificates that cert-manager keeps."""
    return RuleGroup(
        name="certificates",
        rules=(
            Alert(
                name="CertificateRenewalOverdue",
                # Against the renewal time and not a fixed number of days, so that it holds for certificates of a day
                # as well as of a year. Zero means that there is no such time yet.
                expression="time() - (certmanager_certificate_renewal_timestamp_seconds > 0) > 6 * 3600",
                hold="30m",
                severity="warning",
                summary="Certificate {{ $labels.namespace }}/{{ $labels.name }} was not renewed",
                description="Renewal is overdue by {{ $value | humanizeDuration }}; the certificate still works.",
            ),
            Alert(
                name="CertificateExpiring",
                expression=(
                    "(certmanager_certificate_expiration_timestamp_seconds > 0) - time() < 24 * 3600"
                    " and certmanager_certificate_renewal_timestamp_seconds < time()"
                ),
                hold="10m",
                severity="critical",
                summary="Certificate {{ $labels.namespace }}/{{ $labels.name }} expires",
                description="{{ $value | humanizeDuration }} are left; after that clients refuse the connection.",
            ),
            Alert(
                name="CertificateNotReady",
                expression='certmanager_certificate_ready_status{condition="True"} == 0',
                hold="15m",
                severity="critical",
                summary="Certificate {{ $labels.namespace }}/{{ $labels.name }} is not ready",
                description="cert-manager could not issue it: see `kubectl describe certificate` and its requests.",
            ),
        ),
    )
