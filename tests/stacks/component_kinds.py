"""Which kinds each component must create on each stack, and what must be monitored."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stacks.conftest import STACKS

EVERY = STACKS
OWN_DATA = ("local", "dev")
"""Stacks that run object store and databases in the cluster, and let the platform issue certificates itself."""
WITH_CHARTS = ("dev", "prod")
"""Stacks that install third-party charts; a rehearsal records them only."""

CHART = "kubernetes:helm.sh/v4:Chart"
PASSWORD = "random:index/randomPassword:RandomPassword"

REQUIRED: Mapping[tuple[str, tuple[str, ...]], tuple[str, ...]] = {
    ("gpu_cluster", EVERY): (
        "StorageClass",
        "ai-platform:charts:PinnedChart",
        "ai-platform:gpu_cluster:GpuStack",
        "pulumi:providers:kubernetes",
    ),
    ("gpu_cluster", WITH_CHARTS): (CHART,),
    ("gpu_cluster", ("local",)): ("ai-platform:gpu_cluster:ExistingGpuCluster",),
    ("gpu_cluster", ("dev",)): (
        "ai-platform:gpu_cluster:K3sGpuCluster",
        "ai-platform:gpu_cluster:K3sInstallation",
        "command:remote:Command",
        "pulumi:providers:command",
        PASSWORD,
    ),
    ("gpu_cluster", ("prod",)): (
        "ai-platform:gpu_cluster:EksGpuCluster",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eip:Eip",
        "aws:ec2/flowLog:FlowLog",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:eks/addon:Addon",
        "aws:eks/cluster:Cluster",
        "aws:eks/nodeGroup:NodeGroup",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:kms/key:Key",
        "pulumi:providers:aws",
    ),
    ("namespaces", EVERY): ("Namespace", "PriorityClass", "ResourceQuota"),
    ("network_isolation", EVERY): ("NetworkPolicy",),
    ("security_baseline", EVERY): ("ClusterIssuer", "ai-platform:charts:PinnedChart"),
    ("security_baseline", OWN_DATA): ("Certificate",),
    ("security_baseline", WITH_CHARTS): (CHART,),
    ("vllm_model", EVERY): (
        "ConfigMap",
        "Deployment",
        "Job",
        "PodDisruptionBudget",
        "Secret",
        "Service",
        "ServiceAccount",
    ),
    ("vllm_model", ("prod",)): (
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
    ),
    ("inference_gateway", EVERY): (
        "BackendTrafficPolicy",
        "Certificate",
        "ClientTrafficPolicy",
        "ConfigMap",
        "Deployment",
        "EnvoyProxy",
        "Gateway",
        "GatewayClass",
        "HTTPRoute",
        "HTTPRouteFilter",
        "HorizontalPodAutoscaler",
        "Issuer",
        "Job",
        "PodDisruptionBudget",
        "Secret",
        "SecurityPolicy",
        "Service",
        "ServiceAccount",
        "StatefulSet",
        "ai-platform:charts:PinnedChart",
        PASSWORD,
    ),
    ("inference_gateway", WITH_CHARTS): (CHART,),
    ("identity", EVERY): (
        "ConfigMap",
        "HTTPRoute",
        "Job",
        "PodDisruptionBudget",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
        PASSWORD,
    ),
    ("rag_data_layer", EVERY): (
        "ConfigMap",
        "Job",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
        "ai-platform:rag_data_layer:CacheServer",
        "ai-platform:rag_data_layer:Qdrant",
        PASSWORD,
    ),
    ("rag_data_layer", WITH_CHARTS): ("PodDisruptionBudget",),
    ("rag_data_layer", OWN_DATA): (
        "Cluster",
        "Database",
        "ObjectStore",
        "ScheduledBackup",
        "ai-platform:charts:PinnedChart",
    ),
    ("rag_data_layer", ("dev",)): (CHART,),
    ("rag_data_layer", ("prod",)): (
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:rds/instance:Instance",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "random:index/randomId:RandomId",
    ),
    ("observability_stack", EVERY): (
        "ConfigMap",
        "HTTPRoute",
        "PodMonitor",
        "PrometheusRule",
        "Role",
        "Secret",
        "ai-platform:charts:PinnedChart",
        PASSWORD,
    ),
    ("observability_stack", WITH_CHARTS): (CHART,),
}
"""Kinds by component and stacks: of API objects their kind, of everything else the type token."""

COMPONENTS = (
    "gpu_cluster",
    "identity",
    "inference_gateway",
    "namespaces",
    "network_isolation",
    "observability_stack",
    "rag_data_layer",
    "security_baseline",
    "vllm_model",
)

MONITORED: Mapping[str, tuple[str, ...]] = {
    "models/model": EVERY,
    "gateway/gateway": EVERY,
    "identity/identity": EVERY,
    "gpu-operator/gpu": EVERY,
    "security/certificates": EVERY,
    "data/vector-store": EVERY,
    "data/postgres": OWN_DATA,
    "data/object-store": OWN_DATA,
}
"""What Prometheus must scrape, as namespace/PodMonitor. Monitors follow declared wiring: an edge that a component
forgets to declare leaves it unwatched."""
