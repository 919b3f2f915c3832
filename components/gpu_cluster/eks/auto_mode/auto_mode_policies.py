"""Pure builders of the policy documents that only EKS Auto Mode needs."""

from __future__ import annotations

from components.gpu_cluster.eks.policy_documents import Document, allow, policy

_CLUSTER_TAG = "eks:eks-cluster-name"


def own_tags(account_id: str, region: str) -> Document:
    """Lets EKS put the platform's tags on nodes, their disks and interfaces, and on volumes that it makes.

    AWS's own policies allow the tags of EKS alone. As in the EKS user guide ("Custom AWS tags for EKS Auto
    resources"), but for one account and region, and without load balancers, which EKS makes none of here.
    """
    ec2 = f"arn:aws:ec2:{region}:{account_id}"
    return policy(
        _tagged(
            ["ec2:CreateFleet", "ec2:RunInstances", "ec2:CreateLaunchTemplate"],
            [
                f"{ec2}:{kind}/*"
                for kind in (
                    "fleet",
                    "instance",
                    "launch-template",
                    "network-interface",
                    "spot-instances-request",
                    "volume",
                )
            ],
            "eks:kubernetes-node-class-name",
            "eks:kubernetes-node-pool-name",
        ),
        _tagged(["ec2:CreateVolume", "ec2:CreateSnapshot"], [f"{ec2}:volume/*", f"arn:aws:ec2:{region}::snapshot/*"]),
        _tagged(["ec2:CreateNetworkInterface"], [f"{ec2}:network-interface/*"], "eks:kubernetes-cni-node-name"),
    )


def _tagged(actions: list[str], resources: list[str], *present: str) -> Document:
    """`actions` on what is given the cluster's own name, and any value of the tags `present`."""
    conditions = {
        "StringEquals": {f"aws:RequestTag/{_CLUSTER_TAG}": f"${{aws:PrincipalTag/{_CLUSTER_TAG}}}"},
        "StringLike": {f"aws:RequestTag/{tag}": "*" for tag in present},
    }
    return allow(actions, resources, **{operator: keys for operator, keys in conditions.items() if keys})
