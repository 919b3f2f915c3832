"""What the cases of the rules about AWS cannot say in one value."""

from __future__ import annotations

import pytest

from components.base.kubernetes_versions import SUPPORTED_VERSIONS
from policies.findings import Result, Violation
from policies.rules import REGISTRY
from policies.stack import Stack
from policies.subjects import subjects_of
from tests.policies.aws_objects import (
    LOG_DELIVERY,
    OIDC,
    OIDC_CLAIMS,
    REFUSE_PLAIN_HTTP,
    allow,
    aws,
    bucket,
    database,
    document,
    edge_rule,
    encryption,
    ingress_rule,
    public_access_block,
    role,
    trust,
)
from tests.policies.cases import UNKNOWN, judged
from tests.policies.objects import Json, deployment, resource

S3_KEY = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}


def log_bucket(policy: str, *rules: Json) -> list[Json]:
    owner = bucket()
    return [
        owner,
        aws("s3/bucketServerSideEncryptionConfiguration", "encryption", owner, rules=list(rules)),
        aws("s3/bucketPolicy", "policy", owner, policy=policy),
    ]


@pytest.mark.parametrize("service", ["logging.s3.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com"])
def test_a_bucket_that_logs_are_delivered_to_may_have_the_key_of_s3(service: str) -> None:
    policy = document(REFUSE_PLAIN_HTTP, LOG_DELIVERY | {"Principal": {"Service": service}})
    assert judged(log_bucket(policy, S3_KEY), "AWS-11").findings == ()


@pytest.mark.parametrize(
    "statement",
    [
        REFUSE_PLAIN_HTTP,
        LOG_DELIVERY | {"Effect": "Deny"},
        LOG_DELIVERY | {"Principal": {"Service": "backup.amazonaws.com"}},
        LOG_DELIVERY | {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
    ],
)
def test_any_other_bucket_may_not(statement: Json) -> None:
    (finding,) = judged(log_bucket(document(statement), S3_KEY), "AWS-11").findings
    assert (finding.result, finding.path) == (Result.FAIL, "")
    assert finding.message.startswith("has no BucketServerSideEncryptionConfiguration")


def test_a_refusal_may_name_the_bucket_and_its_content() -> None:
    owner = bucket()
    whole = REFUSE_PLAIN_HTTP | {
        "Resource": ["arn:aws:s3:::documents", "arn:aws:s3:::documents/*"],
        "Condition": {"Bool": {"aws:SecureTransport": False}},
    }
    assert judged([owner, aws("s3/bucketPolicy", "it", owner, policy=document(whole))], "AWS-13").findings == ()


@pytest.mark.parametrize("actions", [[], [{"type": "forward"}, {"redirect": {"protocol": "HTTPS"}}]])
def test_a_listener_of_plain_http_does_nothing_but_redirect(actions: list[Json]) -> None:
    (finding,) = judged([aws("lb/listener", "it", protocol="http", defaultActions=actions)], "AWS-07").findings
    assert finding.path == "defaultActions"


def test_the_list_of_a_roles_policies_is_limited_too() -> None:
    arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/AdministratorAccess"]
    (finding,) = judged([aws("iam/rolePolicyAttachmentsExclusive", "it", policyArns=arns)], "AWS-05").findings
    assert finding.path == "policyArns[1]"


def test_a_refusal_without_a_condition_is_not_the_one_that_is_asked_for() -> None:
    owner = bucket()
    refusal = {key: value for key, value in REFUSE_PLAIN_HTTP.items() if key != "Condition"}
    (finding,) = judged([owner, aws("s3/bucketPolicy", "it", owner, policy=document(refusal))], "AWS-13").findings
    assert finding.message.startswith("has no BucketPolicy")


def test_whether_logs_are_delivered_to_a_bucket_is_undecided_while_its_policy_is_unknown() -> None:
    (finding,) = judged(log_bucket(UNKNOWN, S3_KEY), "AWS-11").findings
    assert finding.result is Result.UNDECIDED


def test_a_bucket_of_logs_needs_encryption_too() -> None:
    (_, _, policy) = resources = log_bucket(document(LOG_DELIVERY), encryption())
    (finding,) = judged([resources[0], policy], "AWS-11").findings
    assert finding.result is Result.FAIL


def test_the_bucket_of_the_access_logs_needs_no_log_of_its_own() -> None:
    assert judged(log_bucket(document(LOG_DELIVERY)), "AWS-14").findings == ()
    (finding,) = judged(log_bucket(document(REFUSE_PLAIN_HTTP)), "AWS-14").findings
    assert (finding.result, finding.path) == (Result.FAIL, "")
    balancer = LOG_DELIVERY | {"Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}}
    assert judged(log_bucket(document(balancer)), "AWS-14").findings != ()


def test_what_belongs_to_another_bucket_does_not_count() -> None:
    lonely = aws("s3/bucket", "lonely")
    (finding,) = judged([*public_access_block(), lonely], "AWS-01").findings
    assert (finding.urn, finding.path) == (lonely["urn"], "")


def test_a_switch_that_is_off_is_found_behind_an_unknown_one() -> None:
    owner, block = public_access_block()
    block["inputs"] |= {"blockPublicAcls": UNKNOWN, "restrictPublicBuckets": False}
    (finding,) = judged([owner, block], "AWS-01").findings
    assert finding.result is Result.FAIL


def test_an_unknown_key_does_not_hide_that_a_database_is_not_encrypted() -> None:
    findings = judged([database(storageEncrypted=False, kmsKeyId=UNKNOWN)], "AWS-19").findings
    assert {(item.path, item.result) for item in findings} == {
        ("storageEncrypted", Result.FAIL),
        ("kmsKeyId", Result.UNDECIDED),
    }


@pytest.mark.parametrize("port", [80, 443])
def test_a_load_balancer_may_offer_web_ports_to_the_internet(port: int) -> None:
    resources = edge_rule(cidrIpv4="0.0.0.0/0", fromPort=port, toPort=port)
    assert judged(resources, "AWS-04").findings == ()


def test_the_security_group_of_a_load_balancer_may_say_so_itself() -> None:
    admission = {"cidrBlocks": ["0.0.0.0/0"], "protocol": "tcp", "fromPort": 443, "toPort": 443}
    group = aws("ec2/securityGroup", "edge", ingress=[admission])
    assert judged([group, aws("lb/loadBalancer", "lb", group)], "AWS-04").findings == ()
    assert judged([group], "AWS-04").findings != ()


def test_no_other_group_may_offer_web_ports_to_the_internet() -> None:
    group = aws("ec2/securityGroup", "nodes")
    rule = ingress_rule(cidrIpv4="0.0.0.0/0") | {"dependsOn": [group["urn"]]}
    (finding,) = judged([rule, group], "AWS-04").findings
    assert finding.result is Result.FAIL


def test_a_rule_that_may_belong_to_another_group_is_not_one_of_the_edge() -> None:
    (rule, edge, balancer) = edge_rule(cidrIpv4="0.0.0.0/0")
    nodes = aws("ec2/securityGroup", "nodes")
    rule["dependsOn"].append(nodes["urn"])
    (finding,) = judged([rule, edge, balancer, nodes], "AWS-04").findings
    assert (finding.urn, finding.path) == (rule["urn"], "cidrIpv4")


@pytest.mark.parametrize("token", ["ec2/instance", "ec2/launchTemplate", "eks/cluster", "rds/cluster", "rds/instance"])
def test_a_group_in_which_more_than_load_balancers_stand_is_not_the_edge(token: str) -> None:
    (rule, group, balancer) = edge_rule(cidrIpv4="0.0.0.0/0")
    (finding,) = judged([rule, group, balancer, aws(token, "member", group)], "AWS-04").findings
    assert (finding.urn, finding.path) == (rule["urn"], "cidrIpv4")


def test_one_unknown_range_does_not_hide_an_open_one() -> None:
    findings = judged([ingress_rule(cidrIpv4=UNKNOWN, cidrIpv6="::/0")], "AWS-04").findings
    assert {(item.path, item.result) for item in findings} == {
        ("cidrIpv4", Result.UNDECIDED),
        ("cidrIpv6", Result.FAIL),
    }


def test_a_range_that_is_none_is_a_violation() -> None:
    (finding,) = judged([ingress_rule(cidrIpv4="anywhere")], "AWS-04").findings
    assert (finding.result, finding.message) == (Result.FAIL, "must be a CIDR range")


@pytest.mark.parametrize("token", ["user", "accessKey", "userPolicy", "userPolicyAttachment", "userLoginProfile"])
def test_users_and_access_keys_are_refused(token: str) -> None:
    (finding,) = judged([aws(f"iam/{token}", "it")], "AWS-28").findings
    assert (finding.result, finding.path) == (Result.FAIL, "")


def test_roles_are_not_users() -> None:
    resources = [role(trust({"AWS": "arn:aws:iam::111122223333:root"})), aws("iam/rolePolicy", "rights")]
    assert judged(resources, "AWS-28").findings == ()


@pytest.mark.parametrize("pattern", ["*", "?*", "repo:*", "system:serviceaccount:*:reader"])
def test_a_role_for_the_tokens_of_every_workload_is_for_nobody_in_particular(pattern: str) -> None:
    audience, subject = OIDC_CLAIMS
    claims = {audience: OIDC_CLAIMS[audience], subject: pattern}
    (finding,) = judged([role(trust(OIDC, StringLike=claims))], "AWS-27").findings
    assert finding.message == "must demand aud and sub of the tokens of the identity provider"


@pytest.mark.parametrize("provider", ["accounts.google.com", "cognito-identity.amazonaws.com"])
def test_a_public_identity_provider_signs_in_the_whole_world(provider: str) -> None:
    claims = {f"{provider}:aud": "application", f"{provider}:sub": "user"}
    assert judged([role(trust({"Federated": provider}, StringEquals=claims))], "AWS-27").findings == ()
    (finding,) = judged([role(trust({"Federated": provider}))], "AWS-27").findings
    assert finding.message == "must demand aud and sub of the tokens of the identity provider"


def test_each_fault_of_a_trust_policy_is_named() -> None:
    everybody = trust({"AWS": "*", "Service": "pods.eks.amazonaws.com"})
    messages = {finding.message for finding in judged([role(everybody)], "AWS-27").findings}
    assert messages == {
        "must name who may take on the role",
        "must demand aws:SourceAccount or aws:SourceArn of EKS Pod Identity",
    }


def test_a_role_that_may_do_everything_is_found_behind_an_unknown_policy() -> None:
    policies = [{"policy": UNKNOWN}, {"policy": document(allow("*"))}]
    findings = judged([role(inlinePolicies=policies)], "AWS-05").findings
    assert {finding.result for finding in findings} == {Result.FAIL, Result.UNDECIDED}


def test_static_keys_are_refused_on_eks_alone() -> None:
    pods = deployment()
    pods["inputs"]["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "AWS_SECRET_ACCESS_KEY"}]
    assert judged([pods], "CLU-08").findings == ()
    (finding,) = judged([pods, aws("eks/cluster", "cluster")], "CLU-08").findings
    assert finding.urn == pods["urn"]


def test_an_exception_from_the_rule_about_keys_can_name_a_container() -> None:
    pods = deployment()
    pods["inputs"]["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "AWS_SECRET_ACCESS_KEY"}]
    subjects = tuple(subject for item in (pods, aws("eks/cluster", "cluster")) for subject in subjects_of(item))
    rule = REGISTRY.get("CLU-08")
    assert rule
    assert rule.of_stack
    ((_, outcome),) = rule.of_stack(Stack(project="", name="test", subjects=subjects))
    assert isinstance(outcome, Violation)
    assert (outcome.container, outcome.path) == ("app", "spec.template.spec.containers[0].env[0]")


def test_the_tags_of_a_provider_that_are_no_object_are_a_violation() -> None:
    provider = resource("pulumi:providers:aws", {"defaultTags": "owner=team"}, name="aws")
    (finding,) = judged([provider], "AWS-10").findings
    assert (finding.result, finding.message) == (Result.FAIL, "must be an object in JSON")


def test_databases_without_a_switch_for_tls_are_left_alone() -> None:
    assert judged([aws("rds/parameterGroup", "it", family="oracle-ee-19", parameters=[])], "AWS-23").findings == ()


def test_a_public_endpoint_of_the_api_server_needs_its_clients_named() -> None:
    access = {"endpointPrivateAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}
    # Public is what EKS makes where nothing is said.
    assert judged([aws("eks/cluster", "it", vpcConfig=access)], "CLU-03").findings == ()
    closed = access | {"endpointPublicAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}
    assert judged([aws("eks/cluster", "it", vpcConfig=closed)], "CLU-03").findings == ()


@pytest.mark.parametrize("key", ["kube-apiserver-arg", "kube-apiserver-arg+"])
@pytest.mark.parametrize("argument", ["anonymous-auth", "--anonymous-auth", "anonymous_auth=true", "anonymous-auth=T"])
def test_an_argument_is_found_however_it_is_spelt(key: str, argument: str) -> None:
    record = resource("ai-platform:gpu_cluster:K3sInstallation", {"servers": [{key: [argument]}]}, name="hosts")
    (finding,) = judged([record], "CLU-18").findings
    assert finding.message == "must not set anonymous-auth to true"


@pytest.mark.parametrize("value", ["false", "False", "0", "f"])
def test_a_switch_that_is_off_is_off_however_it_is_spelt(value: str) -> None:
    servers = [{"kube-apiserver-arg": [f"anonymous-auth={value}"]}]
    record = resource("ai-platform:gpu_cluster:K3sInstallation", {"servers": servers}, name="hosts")
    assert judged([record], "CLU-18").findings == ()


def test_an_empty_list_of_clients_names_nobody() -> None:
    record = resource("ai-platform:gpu_cluster:K3sInstallation", {"servers": [{}], "apiCidrs": []}, name="hosts")
    (finding,) = judged([record], "CLU-03").findings
    assert finding.path == "apiCidrs"


def test_the_last_of_two_equal_arguments_counts() -> None:
    installation = {"servers": [{"kube-apiserver-arg": ["anonymous-auth=false", "--anonymous-auth=true"]}]}
    record = resource("ai-platform:gpu_cluster:K3sInstallation", installation, name="hosts")
    (finding,) = judged([record], "CLU-18").findings
    assert finding.result is Result.FAIL


GUARDED = [
    "dynamodb:GetItem",
    "iam:AttachRolePolicy",
    "iam:CreateAccessKey",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "rds-db:connect",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
    "sqs:ReceiveMessage",
    "ssm:GetParameter",
    "sts:AssumeRole",
]


@pytest.mark.parametrize("action", GUARDED)
def test_each_right_to_data_or_to_rights_names_its_resources(action: str) -> None:
    (finding,) = judged([aws("iam/rolePolicy", "it", policy=document(allow(action, "*")))], "AWS-26").findings
    assert finding.result is Result.FAIL


@pytest.mark.parametrize("token", ["groupPolicy", "userPolicy"])
def test_policies_of_groups_and_users_are_limited_too(token: str) -> None:
    (finding,) = judged([aws(f"iam/{token}", "it", policy=document(allow("*", "*")))], "AWS-05").findings
    assert finding.result is Result.FAIL


@pytest.mark.parametrize("token", ["groupPolicyAttachment", "policyAttachment", "userPolicyAttachment"])
def test_administrator_rights_are_given_to_no_group_or_user_either(token: str) -> None:
    attachment = aws(f"iam/{token}", "it", policyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    (finding,) = judged([attachment], "AWS-05").findings
    assert finding.path == "policyArn"


@pytest.mark.parametrize(
    "token",
    [
        "backup/vaultPolicy",
        "ecr/registryPolicy",
        "ecr/repositoryPolicy",
        "kms/keyPolicy",
        "s3/bucket",
        "s3/bucketV2",
        "secretsmanager/secret",
        "secretsmanager/secretPolicy",
        "sns/topic",
        "sqs/queue",
    ],
)
def test_every_kind_of_resource_policy_names_somebody(token: str) -> None:
    (finding,) = judged([aws(token, "it", policy=document(allow(Principal="*")))], "AWS-25").findings
    assert finding.path == "policy"


EARLIER_TYPES = [
    ("AWS-11", "bucketServerSideEncryptionConfigurationV2", {"rules": [encryption()]}),
    ("AWS-12", "bucketVersioningV2", {"versioningConfiguration": {"status": "Enabled"}}),
    ("AWS-14", "bucketLoggingV2", {"targetBucket": "logs"}),
    ("AWS-15", "bucketLifecycleConfigurationV2", {"rules": [{"status": "Enabled"}]}),
]


@pytest.mark.parametrize(("rule", "token", "inputs"), EARLIER_TYPES)
def test_earlier_names_of_bucket_types_are_known(rule: str, token: str, inputs: Json) -> None:
    owner = aws("s3/bucketV2", "earlier")
    assert judged([owner, aws(f"s3/{token}", "companion", owner, **inputs)], rule).findings == ()
    assert judged([owner], rule).findings != ()


def test_earlier_names_of_load_balancer_types_are_known() -> None:
    assert judged([aws("alb/listener", "it", protocol="HTTP")], "AWS-07").findings != ()
    assert judged([aws("alb/loadBalancer", "it")], "AWS-31").findings != ()


@pytest.mark.parametrize("family", ["mysql8.4", "mariadb11.4", "aurora-mysql8.0"])
def test_mysql_has_a_switch_of_its_own_for_tls(family: str) -> None:
    forced = [{"name": "require_secure_transport", "value": "1"}]
    assert judged([aws("rds/parameterGroup", "it", family=family, parameters=forced)], "AWS-23").findings == ()
    (finding,) = judged([aws("rds/parameterGroup", "it", family=family)], "AWS-23").findings
    assert finding.message == "must set require_secure_transport to 1"


def test_what_is_missing_beside_a_resource_is_a_fault_of_the_whole_of_it() -> None:
    network = aws("ec2/vpc", "network")
    plain = database(tags={"ai-platform/backup": "daily"})
    findings = [finding for rule in ("AWS-35", "REL-03") for finding in judged([network, plain], rule).findings]
    assert len(findings) == 5
    assert {finding.path for finding in findings} == {""}


def test_the_supported_versions_are_named() -> None:
    (finding,) = judged([aws("eks/nodeGroup", "nodes", version="1.20")], "CLU-05").findings
    assert finding.message == f"must be one of {', '.join(SUPPORTED_VERSIONS)}"


def test_the_supported_versions_follow_one_another() -> None:
    """Two stacks side by side are then at most one minor version apart."""
    minors = [int(version.partition(".")[2]) for version in SUPPORTED_VERSIONS]
    assert minors == [minors[0], minors[0] + 1]


TAGGED = [
    "acm/certificate",
    "amp/workspace",
    "backup/plan",
    "backup/vault",
    "cloudwatch/logGroup",
    "ec2/eip",
    "ec2/launchTemplate",
    "ec2/natGateway",
    "ec2/securityGroup",
    "ec2/subnet",
    "ec2/vpc",
    "ec2/vpcEndpoint",
    "ecr/repository",
    "eks/addon",
    "eks/cluster",
    "eks/nodeGroup",
    "eks/podIdentityAssociation",
    "grafana/workspace",
    "iam/role",
    "kms/key",
    "lb/listener",
    "lb/loadBalancer",
    "lb/targetGroup",
    "rds/instance",
    "s3/bucket",
    "secretsmanager/secret",
    "sns/topic",
    "sqs/queue",
    "wafv2/webAcl",
]


@pytest.mark.parametrize("token", TAGGED)
def test_what_costs_money_or_holds_rights_and_data_says_its_environment(token: str) -> None:
    (finding,) = judged([aws(token, "it")], "AWS-36").findings
    assert finding.message == "must be stated"


def test_missing_tags_are_to_be_stated() -> None:
    provider = resource("pulumi:providers:aws", {}, name="aws")
    resources = [provider, aws("ec2/launchTemplate", "it", tagSpecifications=[{"resourceType": "volume"}])]
    findings = [finding for rule in ("AWS-10", "AWS-37") for finding in judged(resources, rule).findings]
    assert [finding.message for finding in findings] == [
        *["must be stated"] * 3,
        "must have an entry for resourceType instance",
        *["must be stated"] * 3,
    ]
