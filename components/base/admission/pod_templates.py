"""Where pods are described, and how a check speaks of every pod and every container."""

from __future__ import annotations

from components.base.admission.policy import Check, Resources

POD_RESOURCES = (
    Resources(group="", names=("pods", "pods/ephemeralcontainers", "podtemplates", "replicationcontrollers")),
    Resources(group="apps", names=("daemonsets", "deployments", "replicasets", "statefulsets")),
    Resources(group="batch", names=("cronjobs", "jobs")),
    Resources(group="argoproj.io", names=("rollouts",)),
    Resources(group="leaderworkerset.x-k8s.io", names=("leaderworkersets",)),
)
"""Every kind that this platform uses and that holds pod templates. Operators' other kinds are judged by their pods."""

JOB_KINDS = "['Job', 'CronJob']"

POD_VARIABLES = {
    "templates": """request.kind.kind in ['Pod'] ? [dyn(object)] : [
  ?dyn(object).?template,
  ?dyn(object).?spec.?template,
  ?dyn(object).?spec.?jobTemplate.?spec.?template,
  ?dyn(object).?spec.?leaderWorkerTemplate.?leaderTemplate,
  ?dyn(object).?spec.?leaderWorkerTemplate.?workerTemplate
].filter(template, has(template.spec))""",
    "pods": """variables.templates.map(template, {
  'metadata': dyn(template.?metadata.orValue({})),
  'spec': dyn(template.spec),
  'containers': dyn(
    template.spec.?initContainers.orValue([]) +
    template.spec.?containers.orValue([]) +
    template.spec.?ephemeralContainers.orValue([])
  )
})""",
}
"""`pods`: metadata, spec and all containers (init, main, ephemeral) of each pod template of the object."""


def each_pod(rule: str, demand: str, expression: str) -> Check:
    """A check of every `pod`."""
    return Check(rule=rule, demand=demand, expression=f"variables.pods.all(pod, {expression})")


def each_container(rule: str, demand: str, expression: str) -> Check:
    """A check of every `container` of every `pod`."""
    return each_pod(rule, demand, f"pod.containers.all(container, {expression})")


def each_volume(rule: str, demand: str, expression: str) -> Check:
    """A check of every `volume` of every `pod`."""
    return each_pod(rule, demand, f"pod.spec.?volumes.orValue([]).all(volume, {expression})")
