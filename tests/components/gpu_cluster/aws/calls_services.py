"""Calls that create messages, databases, metrics and copies."""

from __future__ import annotations

from tests.components.gpu_cluster.aws.account import Account
from tests.components.gpu_cluster.aws.arguments import Call, Inputs, Outputs, tags


def _queue(aws: Account, inputs: Inputs) -> Outputs:
    attributes = {
        "SqsManagedSseEnabled": str(inputs.get("sqsManagedSseEnabled", False)).lower(),
        "MessageRetentionPeriod": str(inputs.get("messageRetentionSeconds", 345600)),
    }
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=inputs["name"], Attributes=attributes, tags=inputs["tags"])["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return {"id": url, "url": url, "arn": arn, "name": inputs["name"]}


def _queue_policy(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
    return {}


def _event_rule(aws: Account, inputs: Inputs) -> Outputs:
    rule = aws.client("events").put_rule(
        Name=inputs["name"], EventPattern=inputs["eventPattern"], State="ENABLED", Tags=tags(inputs)
    )
    return {"id": inputs["name"], "name": inputs["name"], "arn": rule["RuleArn"]}


def _event_target(aws: Account, inputs: Inputs) -> Outputs:
    found = aws.client("events").put_targets(
        Rule=inputs["rule"], Targets=[{"Id": inputs.get("targetId", "queue"), "Arn": inputs["arn"]}]
    )
    assert found["FailedEntryCount"] == 0, found
    return {}


def _topic(aws: Account, inputs: Inputs) -> Outputs:
    topic = aws.client("sns").create_topic(
        Name=inputs["name"], Attributes={"KmsMasterKeyId": inputs["kmsMasterKeyId"]}, Tags=tags(inputs)
    )
    return {"id": topic["TopicArn"], "arn": topic["TopicArn"]}


def _topic_policy(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("sns").set_topic_attributes(
        TopicArn=inputs["arn"], AttributeName="Policy", AttributeValue=inputs["policy"]
    )
    return {}


def _log_delivery(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("logs").put_resource_policy(policyName=inputs["policyName"], policyDocument=inputs["policyDocument"])
    return {}


def _subnet_group(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("rds").create_db_subnet_group(
        DBSubnetGroupName=inputs["name"],
        DBSubnetGroupDescription="databases",
        SubnetIds=inputs["subnetIds"],
        Tags=tags(inputs),
    )
    return {"id": inputs["name"], "name": inputs["name"]}


def _parameter_group(aws: Account, inputs: Inputs) -> Outputs:
    rds = aws.client("rds")
    rds.create_db_parameter_group(
        DBParameterGroupName=inputs["name"],
        DBParameterGroupFamily=inputs["family"],
        Description="parameters",
        Tags=tags(inputs),
    )
    parameters = [
        {"ParameterName": item["name"], "ParameterValue": item["value"], "ApplyMethod": "immediate"}
        for item in inputs["parameters"]
    ]
    rds.modify_db_parameter_group(DBParameterGroupName=inputs["name"], Parameters=parameters)
    return {"id": inputs["name"], "name": inputs["name"]}


def _database(aws: Account, inputs: Inputs) -> Outputs:
    found = aws.client("rds").create_db_instance(
        DBInstanceIdentifier=inputs.get("identifier") or inputs["name"],
        Engine=inputs["engine"],
        EngineVersion=inputs["engineVersion"],
        DBInstanceClass=inputs["instanceClass"],
        AllocatedStorage=inputs["allocatedStorage"],
        StorageEncrypted=inputs["storageEncrypted"],
        KmsKeyId=inputs["kmsKeyId"],
        MasterUsername=inputs["username"],
        MasterUserPassword=inputs["password"],
        MultiAZ=inputs["multiAz"],
        DBSubnetGroupName=inputs["dbSubnetGroupName"],
        DBParameterGroupName=inputs["parameterGroupName"],
        VpcSecurityGroupIds=inputs["vpcSecurityGroupIds"],
        PubliclyAccessible=inputs["publiclyAccessible"],
        EnableIAMDatabaseAuthentication=inputs["iamDatabaseAuthenticationEnabled"],
        BackupRetentionPeriod=inputs["backupRetentionPeriod"],
        DeletionProtection=inputs["deletionProtection"],
        CopyTagsToSnapshot=inputs["copyTagsToSnapshot"],
        EnableCloudwatchLogsExports=inputs["enabledCloudwatchLogsExports"],
        Tags=tags(inputs),
    )["DBInstance"]
    return {"id": found["DBInstanceIdentifier"], "arn": found["DBInstanceArn"]}


def _metrics_workspace(aws: Account, inputs: Inputs) -> Outputs:
    workspace = aws.client("amp").create_workspace(
        alias=inputs["alias"], kmsKeyArn=inputs["kmsKeyArn"], tags=inputs["tags"]
    )
    return {"id": workspace["workspaceId"], "arn": workspace["arn"]}


def _vault(aws: Account, inputs: Inputs) -> Outputs:
    vault = aws.client("backup", inputs).create_backup_vault(
        BackupVaultName=inputs["name"], EncryptionKeyArn=inputs["kmsKeyArn"], BackupVaultTags=inputs["tags"]
    )
    return {"id": inputs["name"], "name": inputs["name"], "arn": vault["BackupVaultArn"]}


def _vault_lock(aws: Account, inputs: Inputs) -> Outputs:
    aws.client("backup", inputs).put_backup_vault_lock_configuration(
        BackupVaultName=inputs["backupVaultName"], MinRetentionDays=inputs["minRetentionDays"]
    )
    return {}


def _backup_plan(aws: Account, inputs: Inputs) -> Outputs:
    rules = [
        {
            "RuleName": rule["ruleName"],
            "TargetBackupVaultName": rule["targetVaultName"],
            "ScheduleExpression": rule["schedule"],
            "Lifecycle": {"DeleteAfterDays": rule["lifecycle"]["deleteAfter"]},
        }
        for rule in inputs["rules"]
    ]
    plan = aws.client("backup").create_backup_plan(BackupPlan={"BackupPlanName": inputs["name"], "Rules": rules})
    return {"id": plan["BackupPlanId"], "arn": plan["BackupPlanArn"]}


CALLS: dict[str, Call] = {
    "amp/workspace:Workspace": _metrics_workspace,
    "backup/plan:Plan": _backup_plan,
    "backup/vault:Vault": _vault,
    "backup/vaultLockConfiguration:VaultLockConfiguration": _vault_lock,
    "cloudwatch/eventRule:EventRule": _event_rule,
    "cloudwatch/eventTarget:EventTarget": _event_target,
    "cloudwatch/logResourcePolicy:LogResourcePolicy": _log_delivery,
    "rds/instance:Instance": _database,
    "rds/parameterGroup:ParameterGroup": _parameter_group,
    "rds/subnetGroup:SubnetGroup": _subnet_group,
    "sns/topic:Topic": _topic,
    "sns/topicPolicy:TopicPolicy": _topic_policy,
    "sqs/queue:Queue": _queue,
    "sqs/queuePolicy:QueuePolicy": _queue_policy,
}
