"""Pure builders of policy documents around the image cache: who fills it, and who makes its repositories."""

from __future__ import annotations

from components.gpu_cluster.eks.policy_documents import Document, allow, policy


def cached_pulls(repositories_arn: str) -> Document:
    """Lets nodes have ECR fetch what the cache lacks. To pull what it holds they are allowed by AWS's own policy.

    `repositories_arn` covers the cache's repositories, none of which exists before its first pull.
    """
    return policy(allow(["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], [repositories_arn]))


def repository_creation(repositories_arn: str, key_arn: str) -> Document:
    """Lets ECR make the cache's repositories as the template has them: tagged, and encrypted with the platform's key.

    Source: Amazon ECR documentation, "Creating an IAM role for repository creation templates".
    """
    return policy(
        allow(["ecr:CreateRepository", "ecr:PutLifecyclePolicy", "ecr:TagResource"], [repositories_arn]),
        allow(["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"], [key_arn]),
    )


def image_retention(count: int) -> Document:
    """Lifecycle policy: of each repository the `count` newest images stay."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Keep the {count} newest images",
                "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count},
                "action": {"type": "expire"},
            }
        ]
    }
