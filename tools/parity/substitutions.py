"""What may differ between two portable objects without being a difference: each entry with its reason.

Patterns are matched against the members of an object. `*` stands for any key. Lists whose members have a `name` are
read as objects by that name, and texts in a ConfigMap that are JSON or YAML as what they hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache


@dataclass(frozen=True, kw_only=True)
class Substitution:
    """`paths` of objects of `kinds` (patterns, of `Kind namespace/name`) are left out of the comparison."""

    objects: tuple[str, ...]
    paths: tuple[str, ...]
    reason: str

    def applies_to(self, name: str) -> bool:
        """Whether the object is one of those meant."""
        return any(fnmatchcase(name, pattern) for pattern in self.objects)


WORKLOADS = ("Deployment *", "StatefulSet *", "Rollout *", "LeaderWorkerSet *", "DaemonSet *", "Job *", "CronJob *")
_POD = ("spec.template.spec", "spec.jobTemplate.spec.template.spec")
_CONTAINER = tuple(f"{pod}.{kind}.*" for pod in _POD for kind in ("containers", "initContainers"))


def _in(places: tuple[str, ...], *tails: str) -> tuple[str, ...]:
    return tuple(f"{place}.{tail}" for place in places for tail in tails)


SUBSTITUTIONS: tuple[Substitution, ...] = (
    Substitution(
        objects=("*",),
        paths=(
            "metadata.labels.ai-platform/environment",
            "spec.template.metadata.labels.ai-platform/environment",
            "spec.jobTemplate.spec.template.metadata.labels.ai-platform/environment",
            "spec.inheritedMetadata.labels.ai-platform/environment",
        ),
        reason="the name of the stack itself",
    ),
    Substitution(
        objects=("Secret *",),
        paths=("data", "stringData"),
        reason="secrets are drawn anew for each stack, and no graph holds one",
    ),
    Substitution(
        objects=("Deployment *", "StatefulSet *", "Rollout *", "LeaderWorkerSet *"),
        paths=("spec.replicas", "spec.progressDeadlineSeconds"),
        reason="settings size a stack; where one copy too few loses something, a facet says so",
    ),
    Substitution(
        objects=("HorizontalPodAutoscaler *", "ScaledObject *"),
        paths=(
            "spec.minReplicas",
            "spec.maxReplicas",
            "spec.minReplicaCount",
            "spec.maxReplicaCount",
            "spec.fallback.replicas",
        ),
        reason="settings size a stack; whether it grows is a facet",
    ),
    Substitution(
        objects=("StatefulSet data/*", "StatefulSet gateway/counters"),
        paths=(
            *_in(_CONTAINER, "resources"),
            "spec.volumeClaimTemplates.*.spec.resources",
            "spec.volumeClaimTemplates.*.spec.storageClassName",
        ),
        reason="settings size stores and choose their storage classes",
    ),
    Substitution(
        objects=("ResourceQuota *",),
        paths=("spec.hard.requests.nvidia.com/gpu",),
        reason="as many GPUs as the stack's nodes have; whether there is a limit is a facet",
    ),
    Substitution(
        objects=WORKLOADS,
        paths=_in(_POD, "runtimeClassName", "nodeSelector", "affinity.nodeAffinity"),
        reason="pools and the way to their GPUs belong to the substrate",
    ),
    Substitution(
        objects=("Deployment models/*", "Rollout models/*", "LeaderWorkerSet models/*", "Job models/*"),
        paths=_in(
            _CONTAINER,
            *(
                f"env.{name}"
                for name in (
                    "AWS_ACCESS_KEY_ID",
                    "AWS_SECRET_ACCESS_KEY",
                    "AWS_ENDPOINT_URL",
                    "AWS_REGION",
                    "RUNAI_STREAMER_S3_ENDPOINT",
                    "RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING",
                    "S3_BUCKET",
                    "S3_PATH_STYLE",
                )
            ),
        ),
        reason="where the object store is and how its clients sign (object-store, workload-identity)",
    ),
    Substitution(
        objects=("StatefulSet identity/keycloak",),
        paths=_in(_CONTAINER, "env.KC_DB_URL_HOST", "env.KC_DB_USERNAME"),
        reason="where the database is (relational-database)",
    ),
    Substitution(
        objects=("EnvoyProxy gateway/edge",),
        paths=("spec.provider.kubernetes.envoyService",),
        reason="how the substrate gives the proxies an address (load-balancing)",
    ),
    Substitution(
        objects=("ClusterIssuer platform",),
        paths=("spec",),
        reason="who vouches for certificates (tls-certificates)",
    ),
    Substitution(
        objects=("BackendTrafficPolicy gateway/*", "HTTPRoute gateway/*"),
        paths=("spec.timeout.http.requestTimeout", "spec.timeout.http.streamIdleTimeout", "spec.rules.*.timeouts"),
        reason="settings say how long an answer may take",
    ),
    Substitution(
        objects=("PrometheusRule observability/*",),
        paths=("spec.groups.postgres", "spec.groups.object-store", "spec.groups.models", "spec.groups.gateway"),
        reason="limits of alerts follow the settings, alerts on stores the substrate; their names are a facet (alerts)",
    ),
    Substitution(
        objects=("ConfigMap gateway/gateway-litellm-config",),
        paths=(
            "data.config.yaml.model_list",
            "data.config.yaml.router_settings.fallbacks",
            "data.config.yaml.router_settings.model_group_alias",
            "data.config.yaml.router_settings.timeout",
            "data.config.yaml.router_settings.stream_timeout",
            "data.config.yaml.litellm_settings.request_timeout",
            "data.config.yaml.litellm_settings.cache_params",
            "data.config.yaml.general_settings.database_connection_pool_limit",
            "data.config.yaml.guardrails",
            "data.sign_on.json.teams",
        ),
        reason="models, teams, filters and times of the settings; prices, limits and filters are facets",
    ),
    Substitution(
        objects=("ConfigMap gateway/gateway-litellm-teams",),
        paths=("data.teams.json",),
        reason="the teams of the settings; that each has a budget and limits are facets",
    ),
    Substitution(
        objects=("ConfigMap identity/identity-realm",),
        paths=("data.realm.json.groups", "data.realm.json.roles.realm.*.composites"),
        reason="teams and roles of the settings; who needs a second factor is a facet",
    ),
    Substitution(
        objects=("ConfigMap data/data-cache-config",),
        paths=("data.valkey.conf",),
        reason="settings size the cache; that it is bounded and wants a password are facets",
    ),
    Substitution(
        objects=("Chart *",),
        paths=("location",),
        reason="where charts come from, not what they are",
    ),
    Substitution(
        objects=("Chart observability/kube-prometheus-stack",),
        paths=(
            "values.prometheus.prometheusSpec.remoteWrite",
            "values.prometheus.prometheusSpec.retention",
            "values.prometheus.prometheusSpec.retentionSize",
            "values.prometheus.prometheusSpec.storageSpec",
            "values.prometheus.prometheusSpec.externalLabels",
            "values.prometheus.prometheusSpec.replicaExternalLabelName",
        ),
        reason="how much is kept, where else, and under which labels (metrics)",
    ),
    Substitution(
        objects=("Chart gpu-operator/gpu-operator",),
        paths=("values.migManager.env", "values.node-feature-discovery.worker.affinity.nodeAffinity"),
        reason="pools of GPU nodes and how their GPUs are divided belong to the substrate",
    ),
    Substitution(
        objects=("Deployment gateway/litellm",),
        paths=tuple(f"{container}.env.MODEL_KEY_*" for container in _CONTAINER),
        reason="a key for each model of the settings",
    ),
    Substitution(
        objects=("Deployment models/*", "Rollout models/*", "LeaderWorkerSet models/*"),
        paths=("metadata.annotations.ai-platform/prefix-cache-share",),
        reason="how much of the cache one client may take is a setting of the model",
    ),
)


@cache
def pattern_of(paths: tuple[str, ...]) -> re.Pattern[str]:
    """What finds the paths of an entry in an object."""
    return re.compile("|".join(f"({re.escape(path).replace(chr(92) + '*', '[^.]+')})" for path in paths))
