"""Rows of the baseline: the control plane, its nodes and their images."""

from __future__ import annotations

import json

from tests.components.gpu_cluster.aws.requirements import (
    PLAIN_HTTP,
    Requirement,
    absent,
    after,
    allows_services_alone,
    asks,
    both,
    contains,
    equals,
    given,
    own_key,
    protected,
    refuses,
)

ACCESS_POLICIES = ("AmazonEKSClusterAdminPolicy", "AmazonEKSViewPolicy", "AmazonEKSAutoNodePolicy")


ROWS: dict[str, tuple[Requirement, ...]] = {
    "ec2/launchTemplate:LaunchTemplate": (
        asks(
            "metadata is answered with a token only", "FSBP EC2.170", equals("metadataOptions.httpTokens", "required")
        ),
        asks(
            "metadata does not reach pods", "EKS best practices", equals("metadataOptions.httpPutResponseHopLimit", 1)
        ),
        asks("disks are encrypted", "FSBP EC2.181", equals("blockDeviceMappings.*.ebs.encrypted", "true")),
        asks(
            "its instances have no public address",
            "FSBP EC2.25",
            lambda one: all(
                value in ("false", False) for value in one.at("networkInterfaces.*.associatePublicIpAddress")
            ),
        ),
        asks("nobody logs in with a key pair", "own", absent("keyName")),
        asks(
            "what it starts is tagged",
            "own",
            both(
                lambda one: {"instance", "volume"} <= set(one.at("tagSpecifications.*.resourceType")),
                lambda one: all("ai-platform/environment" in tags for tags in one.at("tagSpecifications.*.tags")),
            ),
        ),
    ),
    "eks/cluster:Cluster": (
        asks(
            "Secrets are encrypted with a key of the platform",
            "FSBP EKS.3",
            own_key("encryptionConfig.provider.keyArn"),
        ),
        asks(
            "all five logs are on, the audit log among them",
            "FSBP EKS.8",
            contains("enabledClusterLogTypes", "api", "audit", "authenticator", "controllerManager", "scheduler"),
        ),
        asks(
            "the endpoint is private, or open to named ranges only",
            "FSBP EKS.1",
            lambda one: (
                one.one("vpcConfig.endpointPublicAccess") is False
                or (
                    bool(one.at("vpcConfig.publicAccessCidrs"))
                    and "0.0.0.0/0" not in one.one("vpcConfig.publicAccessCidrs")
                )
            ),
        ),
        asks("nodes reach it inside the network", "CIS EKS 5.4.2", equals("vpcConfig.endpointPrivateAccess", True)),
        asks("access is by entries of the API alone", "own", equals("accessConfig.authenticationMode", "API")),
        asks(
            "who made it does not stay its administrator",
            "own",
            equals("accessConfig.bootstrapClusterCreatorAdminPermissions", False),
        ),
        asks("AWS refuses to delete it", "own", equals("deletionProtection", True)),
        asks("it is guarded", "own", protected),
        asks(
            "its log group and the rights of its role exist before it",
            "own",
            after("cloudwatch/logGroup:LogGroup", "iam/rolePolicyAttachment:RolePolicyAttachment"),
        ),
    ),
    "eks/accessPolicyAssociation:AccessPolicyAssociation": (
        asks(
            "its policy is one that EKS wrote for such access",
            "CIS EKS 4.1.1",
            equals("policyArn", *(f"arn:aws:eks::aws:cluster-access-policy/{name}" for name in ACCESS_POLICIES)),
        ),
        asks("it is given to one role", "CIS EKS 4.1.1", given("principalArn")),
    ),
    "eks/addon:Addon": (
        asks(
            "its pods have rights by Pod Identity, not by a token that leaves the cluster",
            "EKS best practices",
            absent("serviceAccountRoleArn"),
        ),
        asks(
            "network policies are enforced",
            "CIS EKS 4.3.2",
            lambda one: (
                one.one("addonName") != "vpc-cni"
                or json.loads(one.one("configurationValues"))["enableNetworkPolicy"] == "true"
            ),
        ),
        asks(
            "what its pods may do is allowed before they start",
            "own",
            lambda one: (
                not any(one.at("podIdentityAssociations"))
                or after("iam/rolePolicyAttachment:RolePolicyAttachment")(one)
                or after("iam/rolePolicy:RolePolicy")(one)
            ),
        ),
    ),
    "eks/nodeGroup:NodeGroup": (
        asks(
            "its nodes start from a hardened template of a fixed version",
            "FSBP EC2.170",
            given("launchTemplate.version"),
        ),
        asks("nobody logs in over SSH", "CIS EKS 5.4.3", absent("remoteAccess")),
        asks("AWS replaces a node that is ill", "own", equals("nodeRepairConfig.enabled", True)),
        asks(
            "its role has its rights before a node starts",
            "own",
            after("iam/rolePolicyAttachment:RolePolicyAttachment"),
        ),
    ),
    "ecr/repositoryCreationTemplate:RepositoryCreationTemplate": (
        asks(
            "images are encrypted with a key of the platform",
            "FSBP ECR.5",
            own_key("encryptionConfigurations.*.kmsKey"),
        ),
        asks("old images end", "FSBP ECR.3", given("lifecyclePolicy")),
        asks("repositories are tagged", "FSBP ECR.4", given("resourceTags.ai-platform/environment")),
        asks("its role has its rights first", "own", after("iam/rolePolicy:RolePolicy")),
    ),
    "ecr/pullThroughCacheRule:PullThroughCacheRule": (
        asks(
            "its repositories are made as the template has them",
            "own",
            after("ecr/repositoryCreationTemplate:RepositoryCreationTemplate"),
        ),
    ),
    "ecr/registryScanningConfiguration:RegistryScanningConfiguration": (
        asks(
            "images are scanned as they come in, or all the time",
            "FSBP ECR.1",
            equals("rules.*.scanFrequency", "SCAN_ON_PUSH", "CONTINUOUS_SCAN"),
        ),
    ),
    "sqs/queue:Queue": (asks("it is encrypted", "FSBP SQS.1", equals("sqsManagedSseEnabled", True)),),
    "sqs/queuePolicy:QueuePolicy": (
        asks("plain HTTP is refused", "own", refuses("policy", PLAIN_HTTP)),
        asks("only services of AWS are allowed anything by it", "FSBP SQS.3", allows_services_alone),
        asks(
            "only named rules send to it",
            "FSBP SQS.3",
            lambda one: all(
                statement["Effect"] == "Deny" or "aws:SourceArn" in str(statement["Condition"])
                for statement in one.statements("policy")
            ),
        ),
    ),
}
