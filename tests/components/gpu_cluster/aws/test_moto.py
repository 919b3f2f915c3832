"""Creates what the program asks of AWS in an account that moto plays, and looks at the result from AWS's side.

A mock takes anything for an answer. moto parses policy documents, finds out whether a group, a role or a managed policy
exists, and hands back what it understood.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from tests.components.gpu_cluster.aws.account import Account, in_order
from tests.components.gpu_cluster.aws.calls import CALLS
from tests.components.gpu_cluster.aws.iam_evaluation import Request, decide
from tests.components.gpu_cluster.aws.programs import PROGRAMS, aws_program
from tools.render.substrate_answers import AWS_ACCOUNT

REGION = "eu-north-1"
ANYWHERE = "0.0.0.0/0"

NOT_CREATED = {
    "acm/certificateValidation:CertificateValidation": "waits, and makes nothing",
    "amp/workspaceConfiguration:WorkspaceConfiguration": "moto has no workspace configuration",
    "backup/selection:Selection": "moto has no backup selections",
    "backup/vaultNotifications:VaultNotifications": "moto has no vault notifications",
    "backup/vaultPolicy:VaultPolicy": "moto has no vault policies",
    "budgets/budget:Budget": "counts money",
    "ec2/defaultRouteTable:DefaultRouteTable": "AWS makes it with the network",
    "ec2/placementGroup:PlacementGroup": "moto has no placement groups",
    "ec2/tag:Tag": "a tag",
    "ec2transitgateway/vpcAttachment:VpcAttachment": "the gateway is somebody else's",
    "ecr/pullThroughCacheRule:PullThroughCacheRule": "moto has no pull-through cache",
    "ecr/registryScanningConfiguration:RegistryScanningConfiguration": "moto has no scanning by filter",
    "ecr/repositoryCreationTemplate:RepositoryCreationTemplate": "moto has no repository templates",
    "eks/accessEntry:AccessEntry": "moto has no access entries",
    "eks/accessPolicyAssociation:AccessPolicyAssociation": "moto has no access policies",
    "eks/addon:Addon": "moto has no add-ons",
    "eks/podIdentityAssociation:PodIdentityAssociation": "moto has no Pod Identity",
    "grafana/roleAssociation:RoleAssociation": "moto has no Grafana",
    "grafana/workspace:Workspace": "moto has no Grafana",
    "grafana/workspaceSamlConfiguration:WorkspaceSamlConfiguration": "moto has no Grafana",
    "route53/record:Record": "the zone is somebody else's",
    "sns/topicSubscription:TopicSubscription": "an address",
    "wafv2/webAclRule:WebAclRule": "moto takes rules only as part of a list, which the program does not have",
}
"""Types that are not created here, and why. `test_baseline` judges their arguments."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as environment:
        # Attaching a policy of AWS's own fails where no such policy exists, as it would in AWS.
        environment.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        server.start()
        host, port = server.get_host_and_port()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.stop()


@pytest.fixture(scope="module", params=PROGRAMS)
def aws(request: pytest.FixtureRequest, endpoint: str) -> Account:
    """An empty account, then everything of one program in it."""
    post(f"{endpoint}/moto-api/reset")
    account = Account(endpoint=endpoint, region=REGION, program=aws_program(request.param))
    for resource in in_order(account.program):
        call = CALLS.get(resource.type.removeprefix("aws:"))
        if call:
            try:
                account.create(resource, call)
            except ClientError as error:
                pytest.fail(f"{resource.name} ({resource.type}): {error}")
    return account


def post(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, method="POST"), timeout=10) as reply:  # noqa: S310 # loopback
        assert reply.status == 200


def buckets(aws: Account) -> list[str]:
    found = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    assert len(found) == aws.asked("s3/bucket:Bucket") >= 2
    return found


def document_of(value: Any) -> dict[str, Any]:
    return json.loads(value) if isinstance(value, str) else value


def role_documents(aws: Account) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy of every role but trust, as IAM hands it back."""
    iam = aws.client("iam")
    for role in pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        for policy in pages(iam, "list_role_policies", "PolicyNames", RoleName=name):
            found = iam.get_role_policy(RoleName=name, PolicyName=policy)
            yield f"{name}/{policy}", document_of(found["PolicyDocument"])
    for policy in pages(iam, "list_policies", "Policies", Scope="Local"):
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        yield policy["PolicyName"], document_of(version["PolicyVersion"]["Document"])


def pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[key]


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_every_type_is_created_or_says_why_not() -> None:
    used = {
        resource.type.removeprefix("aws:")
        for program in PROGRAMS
        for resource in aws_program(program).resources
        if resource.type.startswith("aws:")
    }
    assert sorted(used - set(CALLS) - set(NOT_CREATED)) == []
    assert sorted({*CALLS, *NOT_CREATED} - used) == []
    assert not set(CALLS) & set(NOT_CREATED)


def test_everything_arrives_in_the_account_of_the_documents(aws: Account) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == AWS_ACCOUNT
    roles = [role["Arn"] for role in pages(aws.client("iam"), "list_roles", "Roles")]
    assert len(roles) > 5
    assert all(arn.startswith(f"arn:aws:iam::{AWS_ACCOUNT}:role/") for arn in roles)


@pytest.mark.parametrize(
    "broken",
    [
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "GetObject", "Resource": "*"}]},
        {"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps", "Action": "s3:GetObject", "Resource": "*"}]},
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "bucket"}]},
        {"Version": "2026-01-01", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]},
    ],
    ids=["action without service", "unknown effect", "resource without arn", "unknown version"],
)
def test_a_malformed_document_is_refused(aws: Account, broken: dict[str, Any]) -> None:
    role = next(pages(aws.client("iam"), "list_roles", "Roles"))["RoleName"]
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        CALLS["iam/rolePolicy:RolePolicy"](aws, {"role": role, "name": "broken", "policy": json.dumps(broken)})


def test_a_malformed_trust_is_refused(aws: Account) -> None:
    iam = aws.client("iam")
    role = next(pages(iam, "list_roles", "Roles"))["RoleName"]
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


def test_keys_rotate_and_only_the_account_and_services_are_in_their_policies(aws: Account) -> None:
    kms = aws.client("kms")
    keys = [key["KeyId"] for key in pages(kms, "list_keys", "Keys")]
    own = [key for key in keys if kms.describe_key(KeyId=key)["KeyMetadata"]["KeyManager"] == "CUSTOMER"]
    # A key of another region is there too, but not in this list.
    assert 2 <= len(own) <= aws.asked("kms/key:Key")
    for key in own:
        assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
        document = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        for statement in document["Statement"]:
            principal = statement["Principal"]
            if principal == {"AWS": "*"}:
                assert_one_role_of_the_account(statement, key)
            else:
                assert principal == {"AWS": f"arn:aws:iam::{AWS_ACCOUNT}:root"} or set(principal) == {"Service"}


def assert_one_role_of_the_account(statement: dict[str, Any], key: str) -> None:
    """A service-linked role may not exist yet, so a condition names it: nobody else gets an answer."""
    role = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    assert role.startswith(f"arn:aws:iam::{AWS_ACCOUNT}:role/aws-service-role/")
    for account, caller, expected in (
        (AWS_ACCOUNT, role, "allowed"),
        (AWS_ACCOUNT, f"arn:aws:iam::{AWS_ACCOUNT}:role/another", "nothing said"),
        ("999999999999", role.replace(AWS_ACCOUNT, "999999999999"), "nothing said"),
    ):
        for action in listed(statement["Action"]):
            context = {
                "kms:CallerAccount": account,
                "aws:PrincipalArn": caller,
                "kms:GrantIsForAWSResource": "true",
            }
            request = Request(action=action, resource=key, context=context)
            assert decide({"Statement": [statement]}, request) == expected


def test_roles_are_assumed_by_services_alone(aws: Account) -> None:
    roles = list(pages(aws.client("iam"), "list_roles", "Roles"))
    assert len(roles) == aws.asked("iam/role:Role") > 5
    for role in roles:
        for statement in document_of(role["AssumeRolePolicyDocument"])["Statement"]:
            assert set(statement["Principal"]) == {"Service"}, role["RoleName"]
            assert set(listed(statement["Action"])) <= {"sts:AssumeRole", "sts:TagSession"}, role["RoleName"]


def test_no_role_may_do_everything_of_a_service(aws: Account) -> None:
    documents = list(role_documents(aws))
    assert len(documents) > 5
    for name, document in documents:
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow":
                actions = listed(statement["Action"])
                assert not [action for action in actions if action == "*" or action.endswith(":*")], name


def test_no_role_writes_to_every_resource_without_a_condition(aws: Account) -> None:
    for name, document in role_documents(aws):
        for statement in document["Statement"]:
            if statement["Effect"] == "Allow" and "*" in listed(statement["Resource"]):
                reads = all(action.split(":")[1].startswith(READING) for action in listed(statement["Action"]))
                assert reads or statement.get("Condition"), (name, statement)


READING = ("Describe", "Get", "List")


def test_buckets_refuse_plain_http_and_take_https(aws: Account) -> None:
    s3 = aws.client("s3")
    for bucket in buckets(aws):
        document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        for action, resource in (
            ("s3:GetObject", f"arn:aws:s3:::{bucket}/weights/model.safetensors"),
            ("s3:PutObject", f"arn:aws:s3:::{bucket}/weights/model.safetensors"),
            ("s3:ListBucket", f"arn:aws:s3:::{bucket}"),
        ):
            plain, tls = ({"aws:SecureTransport": text, "s3:TlsVersion": "1.3"} for text in ("false", "true"))
            assert decide(document, Request(action=action, resource=resource, context=plain)) == "denied"
            assert decide(document, Request(action=action, resource=resource, context=tls)) != "denied"


def test_buckets_are_closed_encrypted_and_versioned(aws: Account) -> None:
    s3 = aws.client("s3")
    keys = {key["KeyArn"] for key in pages(aws.client("kms"), "list_keys", "Keys")}
    by_key = 0
    for bucket in buckets(aws):
        closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(closed.values()) == {True}, bucket
        (owner,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        assert owner["ObjectOwnership"] == "BucketOwnerEnforced"
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        default = rule["ApplyServerSideEncryptionByDefault"]
        if default["SSEAlgorithm"] == "aws:kms":
            by_key += 1
            assert default["KMSMasterKeyID"] in keys
        rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), bucket
    assert by_key


def test_the_internet_reaches_nothing(aws: Account) -> None:
    groups = aws.client("ec2").describe_security_groups()["SecurityGroups"]
    assert len(groups) > aws.asked("ec2/securityGroup:SecurityGroup") >= 2
    for group in groups:
        for permission in group["IpPermissions"]:
            from_anywhere = ANYWHERE in [entry["CidrIp"] for entry in permission["IpRanges"]]
            assert not from_anywhere or (permission["FromPort"], permission["ToPort"]) == (443, 443), group["GroupName"]


def test_what_names_no_security_group_connects_to_nothing(aws: Account) -> None:
    ec2 = aws.client("ec2")
    (vpc,) = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    assert (group["IpPermissions"], group["IpPermissionsEgress"]) == ([], [])


def test_all_traffic_of_the_network_is_logged(aws: Account) -> None:
    ec2 = aws.client("ec2")
    (vpc,) = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    (log,) = ec2.describe_flow_logs(Filters=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"]
    assert (log["TrafficType"], log["FlowLogStatus"]) == ("ALL", "ACTIVE")


def test_databases_have_no_way_out_of_the_network(aws: Account) -> None:
    ec2 = aws.client("ec2")
    names = {item["DBSubnetGroupName"] for item in aws.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]}
    assert names
    for group in aws.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]:
        for subnet in group["Subnets"]:
            assert routes_out(ec2, subnet["SubnetIdentifier"], group["VpcId"]) == []


def routes_out(ec2: Any, subnet: str, vpc: str) -> list[str]:
    """Destinations outside of the network that the route table of `subnet` knows."""
    own = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])["RouteTables"]
    main = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    tables = own or ec2.describe_route_tables(Filters=main)["RouteTables"]
    assert tables
    return [
        route["DestinationCidrBlock"]
        for table in tables
        for route in table["Routes"]
        if route.get("NatGatewayId") or str(route.get("GatewayId", "")).startswith("igw-")
    ]


def test_databases_are_private_encrypted_and_cannot_be_deleted(aws: Account) -> None:
    rds = aws.client("rds")
    instances = rds.describe_db_instances()["DBInstances"]
    assert instances
    for instance in instances:
        assert instance["StorageEncrypted"] is True
        assert instance["PubliclyAccessible"] is False
        assert instance["DeletionProtection"] is True
        assert instance["IAMDatabaseAuthenticationEnabled"] is True
        (parameters,) = instance["DBParameterGroups"]
        values = rds.describe_db_parameters(DBParameterGroupName=parameters["DBParameterGroupName"])["Parameters"]
        assert ("rds.force_ssl", "1") in {(item["ParameterName"], item["ParameterValue"]) for item in values}


def test_the_way_to_a_service_leads_to_the_own_account_alone(aws: Account) -> None:
    endpoints = aws.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    assert len(endpoints) == aws.asked("ec2/vpcEndpoint:VpcEndpoint") >= 1
    for endpoint in endpoints:
        if not endpoint["ServiceName"].endswith(WITHOUT_POLICY):
            document = json.loads(endpoint["PolicyDocument"])
            for account, expected in ((AWS_ACCOUNT, "allowed"), ("999999999999", "nothing said")):
                context = {"aws:ResourceAccount": account, "aws:PrincipalAccount": account}
                request = Request(action=any_action(document), resource="arn:aws:s3:::x/y", context=context)
                assert decide(document, request) == expected, endpoint["ServiceName"]


WITHOUT_POLICY = (".eks-auth",)
"""The service's documentation knows no endpoint policy."""


def any_action(document: dict[str, Any]) -> str:
    return listed(document["Statement"][0]["Action"])[0].replace("*", "Anything")


def test_log_groups_are_encrypted_and_end_some_day(aws: Account) -> None:
    groups = list(pages(aws.client("logs"), "describe_log_groups", "logGroups"))
    assert len(groups) == aws.asked("cloudwatch/logGroup:LogGroup") >= 2
    for group in groups:
        assert group["retentionInDays"] >= 30, group["logGroupName"]
        assert group["kmsKeyId"].startswith("arn:aws:kms:"), group["logGroupName"]


def test_the_control_plane_is_private_and_logs_everything(aws: Account) -> None:
    eks = aws.client("eks")
    (name,) = eks.list_clusters()["clusters"]
    cluster = eks.describe_cluster(name=name)["cluster"]
    assert cluster["resourcesVpcConfig"]["endpointPrivateAccess"] is True
    assert cluster["resourcesVpcConfig"]["endpointPublicAccess"] is False
    assert len(cluster["logging"]["clusterLogging"][0]["types"]) == 5


def test_nodes_answer_metadata_with_tokens_and_encrypt_their_disks(aws: Account) -> None:
    ec2 = aws.client("ec2")
    templates = ec2.describe_launch_template_versions(Versions=["$Latest"])["LaunchTemplateVersions"]
    assert len(templates) == aws.asked("ec2/launchTemplate:LaunchTemplate")
    for template in templates:
        data = template["LaunchTemplateData"]
        assert data["MetadataOptions"]["HttpTokens"] == "required"
        assert data["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
        assert all(disk["Ebs"]["Encrypted"] is True for disk in data["BlockDeviceMappings"])


def test_notices_come_from_their_rules_alone_and_over_tls(aws: Account) -> None:
    sqs, events = aws.client("sqs"), aws.client("events")
    if not aws.asked("sqs/queue:Queue"):  # EKS Auto Mode watches its own nodes
        assert not sqs.list_queues().get("QueueUrls")
        assert not events.list_rules()["Rules"]
        return
    (url,) = sqs.list_queues()["QueueUrls"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["SqsManagedSseEnabled"] == "true"
    rules = events.list_rules()["Rules"]
    assert len(rules) == aws.asked("cloudwatch/eventRule:EventRule") == 5
    document = json.loads(attributes["Policy"])
    arn = attributes["QueueArn"]
    for source, tls, expected in (
        *((rule["Arn"], "true", "allowed") for rule in rules),
        (rules[0]["Arn"], "false", "denied"),
        (rules[0]["Arn"] + "-of-somebody-else", "true", "nothing said"),
    ):
        context = {"aws:SourceArn": source, "aws:SecureTransport": tls}
        assert decide(document, Request(action="sqs:SendMessage", resource=arn, context=context)) == expected
    for rule in rules:
        assert [target["Arn"] for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]] == [arn]


def test_messages_to_people_are_encrypted_and_sent_over_tls(aws: Account) -> None:
    sns = aws.client("sns")
    topics = [topic["TopicArn"] for topic in sns.list_topics()["Topics"]]
    assert len(topics) == aws.asked("sns/topic:Topic") >= 1
    keys = {key["KeyId"] for key in pages(aws.client("kms"), "list_keys", "Keys")}
    for topic in topics:
        attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
        assert attributes["KmsMasterKeyId"] in keys
        plain = Request(action="sns:Publish", resource=topic, context={"aws:SecureTransport": "false"})
        assert decide(json.loads(attributes["Policy"]), plain) == "denied"


def test_copies_are_encrypted_with_a_key_of_the_platform(aws: Account) -> None:
    keys = {key["KeyArn"] for key in pages(aws.client("kms"), "list_keys", "Keys")}
    vaults = aws.client("backup").list_backup_vaults()["BackupVaultList"]
    assert vaults
    assert {vault["EncryptionKeyArn"] for vault in vaults} <= keys


def test_a_load_balancer_that_reads_requests_has_a_firewall_and_redirects_plain_http(aws: Account) -> None:
    balancing = aws.client("elbv2")
    balancers = balancing.describe_load_balancers()["LoadBalancers"]
    assert len(balancers) == aws.asked("lb/loadBalancer:LoadBalancer")
    for balancer in balancers:
        if balancer["Type"] == "application":
            arn = balancer["LoadBalancerArn"]
            firewall = aws.client("wafv2").get_web_acl_for_resource(ResourceArn=arn)["WebACL"]
            log = aws.client("wafv2").get_logging_configuration(ResourceArn=firewall["ARN"])["LoggingConfiguration"]
            redacted = {entry["SingleHeader"]["Name"] for entry in log["RedactedFields"]}
            assert {"authorization", "cookie", "x-api-key"} <= redacted
            listeners = {item["Port"]: item for item in balancing.describe_listeners(LoadBalancerArn=arn)["Listeners"]}
            assert [action["Type"] for action in listeners[80]["DefaultActions"]] == ["redirect"]
            assert listeners[443]["Protocol"] == "HTTPS"
