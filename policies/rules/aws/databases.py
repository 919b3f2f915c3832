"""RDS: databases that nobody outside reaches, that survive a zone, and that are not lost by mistake."""

from __future__ import annotations

from policies.checks import per_type
from policies.demands import Demand, at_least, of_types, stated, switched_off, switched_on
from policies.fields import Field, any_known
from policies.findings import Level, Outcomes, Severity, Violation
from policies.registry import Rule
from policies.subjects import Subject

INSTANCES = ("aws:rds/instance:Instance",)
CLUSTERS = ("aws:rds/cluster:Cluster",)
CLUSTER_INSTANCES = ("aws:rds/clusterInstance:ClusterInstance",)
DATABASES = (*INSTANCES, *CLUSTERS)
PARAMETER_GROUPS = (
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup",
)

LEAST_BACKUP_DAYS = 7
"""FSBP RDS.11."""

TLS_SWITCHES = {"postgres": "rds.force_ssl", "mysql": "require_secure_transport", "mariadb": "require_secure_transport"}
"""Parameter that refuses connections without TLS, by engine."""


def _forces_tls(group: Subject) -> Outcomes:
    family = group.root.at("family").text()
    switch = next((TLS_SWITCHES[engine] for engine in TLS_SWITCHES if engine in family), None)
    parameters = group.root.at("parameters")
    if switch and not any_known(parameters.items(), lambda parameter: _is_on(parameter, switch)):
        yield Violation(parameters.path, f"must set {switch} to 1")


def _is_on(parameter: Field, name: str) -> bool:
    return parameter.at("name").text() == name and parameter.at("value").text() == "1"


RULES = (
    Rule(
        id="AWS-02",
        title="No database has a public address",
        severity=Severity.CRITICAL,
        level=Level.MANDATORY,
        why="The whole internet can try passwords and holes on the database as soon as one security group is wrong.",
        sources=("FSBP RDS.2", "CKV_AWS_17"),
        remediation="Leave publiclyAccessible false.",
        of_object=of_types((*INSTANCES, *CLUSTER_INSTANCES), switched_off("publiclyAccessible")),
    ),
    Rule(
        id="AWS-19",
        title="Databases are encrypted with a key of the platform",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A snapshot shared with the wrong account shows all keys, budgets and accounts, and no key of the "
        "platform is needed to read it.",
        sources=("FSBP RDS.3, RDS.27", "CKV_AWS_16", "CKV_AWS_96", "CKV_AWS_327"),
        remediation="Set storageEncrypted and kmsKeyId. Neither can be changed once the database exists.",
        of_object=of_types(
            DATABASES, switched_on("storageEncrypted"), stated("kmsKeyId", expected="a key of the platform")
        ),
    ),
    Rule(
        id="AWS-20",
        title="Databases survive the loss of a zone",
        severity=Severity.MEDIUM,
        level=Level.MANDATORY,
        why="When its zone fails, the gateway and Keycloak are down until somebody has restored the database in "
        "another zone.",
        sources=("FSBP RDS.5", "CKV_AWS_157"),
        remediation="Set multiAz: true.",
        of_object=of_types(INSTANCES, switched_on("multiAz")),
    ),
    Rule(
        id="AWS-21",
        title="RDS keeps backups for a week, also when the database goes",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A mistake noticed after some days cannot be undone, and a deleted database takes its automatic "
        "backups with it.",
        sources=("FSBP RDS.11", "CKV_AWS_133"),
        remediation=f"Set backupRetentionPeriod to {LEAST_BACKUP_DAYS} days or more; leave skipFinalSnapshot false.",
        of_object=of_types(
            DATABASES,
            Demand(("backupRetentionPeriod",), at_least(LEAST_BACKUP_DAYS), f"at least {LEAST_BACKUP_DAYS} (days)"),
            switched_off("skipFinalSnapshot"),
        ),
    ),
    Rule(
        id="AWS-22",
        title="Databases refuse their deletion",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="One wrong click or command deletes the database with every key, budget and account in it.",
        sources=("FSBP RDS.7, RDS.8", "CKV_AWS_293", "CKV_AWS_139"),
        remediation="Set deletionProtection: true.",
        of_object=of_types(DATABASES, switched_on("deletionProtection")),
    ),
    Rule(
        id="AWS-23",
        title="Databases refuse connections without TLS",
        severity=Severity.HIGH,
        level=Level.MANDATORY,
        why="A client that is not set to TLS sends its queries, and gets its rows, in the clear, and nothing "
        "tells anybody.",
        sources=("CKV2_AWS_69", "own"),
        remediation="Set rds.force_ssl (PostgreSQL) or require_secure_transport (MySQL) to 1 in the parameter group.",
        of_object=per_type(_forces_tls, *PARAMETER_GROUPS),
    ),
)
