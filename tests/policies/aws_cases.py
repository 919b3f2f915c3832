"""Cases of the rules about AWS."""

from __future__ import annotations

from typing import Any

from tests.policies.aws_objects import (
    KEY,
    LOG_DELIVERY,
    OIDC,
    OIDC_CLAIMS,
    OWN_ACCOUNT,
    REFUSE_PLAIN_HTTP,
    STACK_TAGS,
    allow,
    aws,
    document,
    edge_rule,
    encryption,
    ingress_rule,
    launch_template,
    network_and,
    node_class,
    of_bucket,
    public_access_block,
    role,
    trust,
)
from tests.policies.cases import Case
from tests.policies.objects import Json, resource


def of_companion(
    rule: str, resources: list[Json], path: str, bad: Any, *, absent_fails: bool = True, index: int = 1, **good: Any
) -> Case:
    """A case whose value stands in another resource than the one that the finding is about, which is the first."""
    return Case(
        rule=rule, resources=resources, path=path, bad=bad, absent_fails=absent_fails, index=index, about=0, **good
    )


def switch(rule: str, token: str, path: str, *, on: bool = True, **inputs: Any) -> Case:
    """A switch that must be on, or off; off is its default."""
    resources = [aws(token, "it", **inputs)]
    return Case(rule=rule, resources=resources, path=path, good=on, bad=not on, absent_fails=on)


def needed(rule: str, token: str, path: str, good: Any, bad: Any, **inputs: Any) -> Case:
    """A value that must be there and be a good one."""
    return Case(rule=rule, resources=[aws(token, "it", **inputs)], path=path, good=good, bad=bad, absent_fails=True)


def without(statement: Json, element: str) -> Json:
    return {key: value for key, value in statement.items() if key != element}


def own_key(rule: str, token: str, path: str = "kmsKeyId", at: str | None = None, **inputs: Any) -> Case:
    resources = [aws(token, "it", **inputs)]
    return Case(rule=rule, resources=resources, path=path, good=KEY, bad="", absent_fails=True, at=at)


BUCKET_CASES = [
    *(
        of_companion("AWS-01", public_access_block(), path, bad=False)
        for path in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    of_companion(
        "AWS-11",
        of_bucket("bucketServerSideEncryptionConfiguration", rules=[encryption()]),
        "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm",
        bad="AES256",
    ),
    of_companion(
        "AWS-11",
        of_bucket("bucketServerSideEncryptionConfiguration", rules=[encryption()]),
        "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
        bad="",
    ),
    of_companion(
        "AWS-12", of_bucket("bucketVersioning"), "versioningConfiguration.status", bad="Suspended", good="Enabled"
    ),
    *(
        of_companion(
            "AWS-13", of_bucket("bucketPolicy", policy=document(REFUSE_PLAIN_HTTP)), "policy", bad=document(other)
        )
        for other in (
            REFUSE_PLAIN_HTTP | {"Effect": "Allow"},
            REFUSE_PLAIN_HTTP | {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
            REFUSE_PLAIN_HTTP | {"Action": ["s3:GetObject", "s3:PutObject"]},
            REFUSE_PLAIN_HTTP | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            REFUSE_PLAIN_HTTP | {"Condition": {"Bool": {"aws:SecureTransport": "false"}} | OWN_ACCOUNT},
            REFUSE_PLAIN_HTTP | {"Resource": ["arn:aws:s3:::documents", "arn:aws:s3:::documents/public/*"]},
            REFUSE_PLAIN_HTTP | {"Resource": "arn:aws:s3:::documents/*"},
            without(REFUSE_PLAIN_HTTP, "Resource") | {"NotResource": "*"},
            without(REFUSE_PLAIN_HTTP, "Principal") | {"NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}},
        )
    ),
    of_companion("AWS-14", of_bucket("bucketLogging"), "targetBucket", bad="", good="logs"),
    of_companion(
        "AWS-15",
        of_bucket("bucketLifecycleConfiguration", rules=[{}]),
        "rules[0].status",
        bad="Disabled",
        good="Enabled",
    ),
    of_companion(
        "AWS-17",
        of_bucket("bucketOwnershipControls"),
        "rule.objectOwnership",
        bad="ObjectWriter",
        good="BucketOwnerEnforced",
    ),
    switch("AWS-16", "s3/bucket", "forceDestroy", on=False),
    switch("AWS-16", "backup/vault", "forceDestroy", on=False),
]

FORCED = [{"name": "rds.force_ssl", "value": "1"}]

DATABASE_CASES = [
    switch("AWS-02", "rds/instance", "publiclyAccessible", on=False),
    switch("AWS-02", "rds/clusterInstance", "publiclyAccessible", on=False),
    switch("AWS-19", "rds/instance", "storageEncrypted", kmsKeyId=KEY),
    own_key("AWS-19", "rds/cluster", storageEncrypted=True),
    switch("AWS-20", "rds/instance", "multiAz"),
    needed("AWS-21", "rds/instance", "backupRetentionPeriod", 7, 6),
    needed("AWS-21", "rds/instance", "backupRetentionPeriod", 7, "30 days"),
    switch("AWS-21", "rds/cluster", "skipFinalSnapshot", on=False, backupRetentionPeriod=7),
    switch("AWS-22", "rds/instance", "deletionProtection"),
    needed("AWS-23", "rds/parameterGroup", "parameters", FORCED, [], family="postgres18"),
    *(
        Case(
            rule="AWS-23",
            resources=[
                aws(
                    "rds/clusterParameterGroup",
                    "it",
                    family="aurora-mysql8.0",
                    parameters=[{"name": name, "value": value}],
                )
            ],
            path=f"parameters[0].{key}",
            bad=bad,
            absent_fails=True,
        )
        for name, value, key, bad in (
            ("require_secure_transport", "1", "value", "0"),
            ("require_secure_transport", "1", "name", "rds.force_ssl"),
        )
    ),
]

KEY_CASES = [
    switch("AWS-03", "kms/key", "enableKeyRotation"),
    Case(
        rule="AWS-18",
        resources=[aws("kms/key", "it")],
        path="deletionWindowInDays",
        good=14,
        bad=13,
        # 30 days are AWS's default.
        absent_fails=False,
    ),
    *(
        Case(
            rule="AWS-25",
            resources=[aws(token, "it", policy=document(allow(Principal="*", Condition=OWN_ACCOUNT)))],
            path="policy",
            bad=document(allow(Principal="*") | changes),
            absent_fails=False,
        )
        for token, changes in (
            ("kms/key", {}),
            ("sqs/queuePolicy", {"Principal": {"AWS": "*"}}),
            ("sns/topicPolicy", {"Principal": {"AWS": ["arn:aws:iam::111122223333:root", "*"]}}),
            ("s3/bucketPolicy", {"Condition": {"StringLike": {"aws:PrincipalAccount": "*"}}}),
            ("s3/bucketPolicy", {"Condition": {"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}}),
            ("s3/bucketPolicy", {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            ("s3/bucketPolicy", {"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}}),
            ("s3/bucketPolicy", {"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}}}),
            ("s3/bucketPolicy", {"Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}}),
        )
    ),
    Case(
        rule="AWS-25",
        resources=[aws("s3/bucketPolicy", "it", policy=document(REFUSE_PLAIN_HTTP, LOG_DELIVERY))],
        path="policy",
        bad=document({"Effect": "Allow", "NotPrincipal": {"AWS": KEY}, "Action": "s3:*", "Resource": "*"}),
        absent_fails=False,
    ),
]

ANYWHERE = "0.0.0.0/0"

SECURITY_GROUP_CASES = [
    *(
        Case(rule="AWS-04", resources=[ingress_rule()], path=path, good=good, bad=bad, absent_fails=False)
        for path, good, bad in (
            ("cidrIpv4", "10.0.0.0/8", ANYWHERE),
            ("cidrIpv4", "10.0.0.0/8", "0.0.0.0/1"),
            ("cidrIpv6", "fd00::/8", "::/0"),
            ("cidrIpv6", "2001:db8::/16", "2a00::/12"),
            ("cidrIpv6", "fd00::/8", "8000::/1"),
        )
    ),
    *(
        Case(
            rule="AWS-04", resources=edge_rule(cidrIpv4=ANYWHERE), path=path, bad=bad, absent_fails=True, at="cidrIpv4"
        )
        for path, bad in (("fromPort", 22), ("toPort", 8443), ("ipProtocol", "udp"))
    ),
    *(
        Case(
            rule="AWS-04",
            resources=[aws("ec2/securityGroupRule", "it", type="ingress", protocol="tcp")],
            path=path,
            good=[good],
            bad=[good, bad],
            absent_fails=False,
        )
        for path, good, bad in (("cidrBlocks", "10.0.0.0/8", ANYWHERE), ("ipv6CidrBlocks", "fd00::/8", "::/0"))
    ),
    Case(
        rule="AWS-04",
        resources=[aws("ec2/securityGroupRule", "it", cidrBlocks=[ANYWHERE])],
        path="type",
        good="egress",
        bad="ingress",
        absent_fails=True,
        at="cidrBlocks[0]",
    ),
    Case(
        rule="AWS-04",
        resources=[aws("ec2/securityGroup", "it", ingress=[{"cidrBlocks": ["10.0.0.0/8"]}])],
        path="ingress[0].cidrBlocks[0]",
        bad=ANYWHERE,
        absent_fails=False,
    ),
    *(
        of_companion(
            "AWS-24",
            network_and("ec2/defaultSecurityGroup"),
            path,
            good=[],
            bad=[{"protocol": "-1"}],
            absent_fails=False,
        )
        for path in ("ingress", "egress")
    ),
]

PODS = {"Service": "pods.eks.amazonaws.com"}

IAM_CASES = [
    *(
        Case(
            rule="AWS-05",
            resources=[aws(token, "it", policy=document(allow()))],
            path="policy",
            bad=document(bad),
            absent_fails=False,
        )
        for token, bad in (
            ("iam/rolePolicy", allow("*")),
            ("iam/policy", {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
        )
    ),
    Case(
        rule="AWS-05",
        resources=[
            role(inlinePolicies=[{"policy": document(allow(), {"Effect": "Deny", "Action": "*", "Resource": "*"})}])
        ],
        path="inlinePolicies[0].policy",
        bad=document(allow(["s3:GetObject", "*"])),
        absent_fails=False,
    ),
    Case(
        rule="AWS-05",
        resources=[role()],
        path="managedPolicyArns",
        good=["arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"],
        bad=["arn:aws:iam::aws:policy/AdministratorAccess"],
        absent_fails=False,
    ),
    *(
        Case(
            rule="AWS-05",
            resources=[aws("iam/rolePolicyAttachment", "it")],
            path="policyArn",
            good="arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
            bad=f"arn:aws:iam::aws:policy/{name}",
            absent_fails=False,
        )
        for name in ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")
    ),
    *(
        Case(
            rule="AWS-26",
            resources=[aws("iam/rolePolicy", "it", policy=document(allow()))],
            path="policy",
            bad=document(bad),
            absent_fails=False,
        )
        for bad in (
            allow(target="*"),
            allow(target="arn:aws:s3:::*"),
            allow(target="arn:aws:s3:::?*/*"),
            allow(target="arn:aws:*"),
            allow("rds-db:connect", "arn:aws:rds-db:eu-north-1:111122223333:dbuser:*/*"),
            # A condition that every request of the role meets.
            allow(target="*", Condition=OWN_ACCOUNT),
            allow(target="*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            allow(target="*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-north-1"}}),
            allow(target="*", Condition={"StringLike": {"aws:ResourceAccount": "*"}}),
            allow("kms:*", ["arn:aws:kms:eu-north-1:111122223333:key/*"]),
            allow("iam:Pass*", "*"),
            {"Effect": "Allow", "Action": "secretsmanager:Get*", "NotResource": KEY},
            {"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"},
        )
    ),
    *(
        Case(
            rule="AWS-26",
            resources=[aws("iam/rolePolicy", "it", policy=document(good))],
            path="policy",
            bad=document(allow(target="*")),
            absent_fails=False,
        )
        for good in (
            allow(target="*", Effect="Deny"),
            allow(target="*", Condition={"StringEquals": {"aws:ResourceAccount": "111122223333"}}),
            allow("kms:Decrypt", "*", Condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/data"}}),
            allow("ec2:Describe*", "*"),
            allow("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-north-1:111122223333:secret:prod/*"),
            # Unlimited rights are AWS-05's finding.
            allow("*", "*"),
        )
    ),
    *(
        Case(rule="AWS-27", resources=[role(good)], path="assumeRolePolicy", bad=document(bad), absent_fails=False)
        for good, bad in (
            (trust({"AWS": "arn:aws:iam::111122223333:root"}), trust({"AWS": "*"})),
            (trust({"AWS": "*"}) | {"Effect": "Deny"}, trust("*", StringEquals={"aws:SourceAccount": "1"})),
            (trust(PODS, StringEquals={"aws:SourceAccount": "111122223333"}), trust(PODS)),
            (
                trust(PODS, ArnLike={"aws:SourceArn": "arn:aws:eks:*:111122223333:cluster/test"}),
                trust(PODS, StringLike={"aws:SourceArn": "*"}),
            ),
            (trust(OIDC, StringEquals=OIDC_CLAIMS), trust(OIDC)),
            *(
                (trust(OIDC, StringEquals=OIDC_CLAIMS), trust(OIDC, StringEquals={claim: OIDC_CLAIMS[claim]}))
                for claim in OIDC_CLAIMS
            ),
            (
                trust({"Federated": "arn:aws:iam::111122223333:saml-provider/people"}),
                trust(OIDC, StringLike=OIDC_CLAIMS | dict.fromkeys(OIDC_CLAIMS, "*")),
            ),
        )
    ),
]

REDIRECT = {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443"}}
POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

LOAD_BALANCER_CASES = [
    Case(
        rule="AWS-07",
        resources=[aws("lb/listener", "it", protocol="HTTP", defaultActions=[REDIRECT, REDIRECT])],
        path="defaultActions[1].redirect.protocol",
        bad="HTTP",
        absent_fails=True,
    ),
    Case(
        rule="AWS-07",
        resources=[aws("lb/listener", "it", defaultActions=[{"type": "forward"}])],
        path="protocol",
        good="TCP",
        bad="HTTP",
        absent_fails=False,
        at="defaultActions",
    ),
    *(
        needed("AWS-07", "lb/listener", "sslPolicy", POLICY, bad, protocol=protocol)
        for protocol, bad in (
            ("HTTPS", "ELBSecurityPolicy-2016-08"),
            ("https", "ELBSecurityPolicy-2016-08"),
            ("TLS", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
            ("HTTPS", "ELBSecurityPolicy-TLS13-1-0-2021-06"),
        )
    ),
    switch("AWS-31", "lb/loadBalancer", "enableDeletionProtection"),
    *(
        Case(
            rule="AWS-32",
            resources=[aws("lb/loadBalancer", "it", accessLogs={"enabled": True, "bucket": "logs"})],
            path=path,
            bad=bad,
            absent_fails=True,
        )
        for path, bad in (("accessLogs.enabled", False), ("accessLogs.bucket", ""))
    ),
    Case(
        rule="AWS-32",
        resources=[aws("lb/loadBalancer", "it")],
        path="loadBalancerType",
        good="network",
        bad="application",
        at="accessLogs",
        # AWS makes application load balancers where nothing is said.
        absent_fails=True,
    ),
    switch("AWS-33", "lb/loadBalancer", "dropInvalidHeaderFields"),
    Case(
        rule="AWS-33",
        resources=[aws("lb/loadBalancer", "it")],
        path="loadBalancerType",
        good="network",
        bad="application",
        at="dropInvalidHeaderFields",
        absent_fails=True,
    ),
]

ENDPOINT = {"serviceName": "com.amazonaws.eu-north-1.s3"}
SERVICES = ("ecr.api", "ecr.dkr", "s3", "sts")


def endpoints() -> list[Json]:
    network = aws("ec2/vpc", "network")
    return [
        network,
        *(
            aws("ec2/vpcEndpoint", service, network, serviceName=f"com.amazonaws.eu-north-1.{service}")
            for service in SERVICES
        ),
    ]


NETWORK_CASES = [
    of_companion("AWS-09", network_and("ec2/flowLog"), "trafficType", good="ALL", bad="ACCEPT"),
    of_companion("AWS-09", network_and("ec2/flowLog"), "trafficType", good="REJECT", bad="ACCEPT"),
    *(
        of_companion("AWS-35", endpoints(), "serviceName", bad="com.amazonaws.eu-north-1.ec2", index=index)
        for index in range(1, len(SERVICES) + 1)
    ),
    *(
        Case(
            rule="AWS-41",
            resources=[aws("ec2/vpcEndpoint", "it", **ENDPOINT, policy=document(good))],
            path="policy",
            bad=document(allow("s3:*", "*", Principal="*")),
            absent_fails=True,
        )
        for good in (
            allow("s3:*", "*", Principal="*", Condition=OWN_ACCOUNT),
            allow("s3:*", "*", Principal="*", Condition={"StringEquals": {"aws:ResourceAccount": "111122223333"}}),
            allow("s3:*", "*", Principal={"AWS": "arn:aws:iam::111122223333:root"}),
            allow(Principal="*"),
            allow("s3:*", "arn:aws:s3:::images/*", Principal="*"),
            allow("s3:*", "*", Principal="*", Effect="Deny"),
        )
    ),
    Case(
        rule="AWS-41",
        resources=[aws("ec2/vpcEndpoint", "it")],
        path="serviceName",
        # Not every service knows policies of endpoints.
        good="com.amazonaws.eu-north-1.eks-auth",
        bad="com.amazonaws.eu-north-1.s3",
        absent_fails=False,
        at="policy",
    ),
    own_key("AWS-08", "cloudwatch/logGroup"),
    needed("AWS-34", "cloudwatch/logGroup", "retentionInDays", 90, 89),
]

IMAGES_KEY = [{"encryptionType": "KMS", "kmsKey": KEY}]

STORE_CASES = [
    needed("AWS-06", "ecr/repository", "imageTagMutability", "IMMUTABLE", "MUTABLE"),
    switch("AWS-29", "ecr/repository", "imageScanningConfiguration.scanOnPush"),
    *(
        Case(
            rule="AWS-30",
            resources=[aws(token, "it", encryptionConfigurations=IMAGES_KEY)],
            path=path,
            bad=bad,
            absent_fails=True,
        )
        for token, path, bad in (
            ("ecr/repository", "encryptionConfigurations", []),
            ("ecr/repositoryCreationTemplate", "encryptionConfigurations[0].encryptionType", "AES256"),
            ("ecr/repository", "encryptionConfigurations[0].kmsKey", ""),
        )
    ),
    own_key("AWS-38", "secretsmanager/secret"),
    own_key("AWS-38", "sns/topic", "kmsMasterKeyId"),
    own_key("AWS-38", "backup/vault", "kmsKeyArn"),
    own_key("AWS-38", "amp/workspace", "kmsKeyArn"),
    switch("AWS-39", "sqs/queue", "sqsManagedSseEnabled"),
    own_key("AWS-39", "sqs/queue", "kmsMasterKeyId", at="sqsManagedSseEnabled"),
]


def _vault() -> list[Json]:
    vault = aws("backup/vault", "vault")
    return [vault, aws("backup/vaultLockConfiguration", "lock", vault)]


def _aws_provider(default_tags: Any) -> Json:
    return resource("pulumi:providers:aws", {"defaultTags": default_tags}, name="cluster-aws")


TAG_CASES = [
    of_companion("AWS-40", _vault(), "minRetentionDays", good=35, bad=0),
    *(
        Case(
            rule="AWS-10",
            resources=[_aws_provider({"tags": STACK_TAGS})],
            path=f"defaultTags.tags.{tag}",
            bad="",
            absent_fails=True,
        )
        for tag in STACK_TAGS
    ),
    Case(
        rule="AWS-10",
        resources=[_aws_provider('{"tags": {"owner": "team", "cost-centre": "4711", "data-class": "confidential"}}')],
        path="defaultTags",
        bad='{"tags": {"owner": "team"}}',
        absent_fails=True,
    ),
    Case(
        rule="AWS-36",
        resources=[aws("s3/bucket", "it", tags={})],
        path="tags.ai-platform/environment",
        good="test",
        bad="",
        absent_fails=True,
    ),
    *(
        Case(
            rule="AWS-37",
            resources=[launch_template()],
            path=f"tagSpecifications[{index}].tags.{tag}",
            bad="",
            absent_fails=True,
        )
        for index in (0, 1)
        for tag in STACK_TAGS
    ),
    Case(
        rule="AWS-37",
        resources=[launch_template()],
        path="tagSpecifications[0].resourceType",
        bad="network-interface",
        absent_fails=True,
    ),
    *(
        Case(rule="AWS-37", resources=[node_class(kind)], path="spec.tags.owner", bad="", absent_fails=True)
        for kind in ("karpenter.k8s.aws/v1:EC2NodeClass", "eks.amazonaws.com/v1:NodeClass")
    ),
]

AWS_CASES = [
    *BUCKET_CASES,
    *DATABASE_CASES,
    *KEY_CASES,
    *SECURITY_GROUP_CASES,
    *IAM_CASES,
    *LOAD_BALANCER_CASES,
    *NETWORK_CASES,
    *STORE_CASES,
    *TAG_CASES,
]
