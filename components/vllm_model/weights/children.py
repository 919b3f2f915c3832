"""Creates the objects that several ways of delivering weights need: access to the bucket, programs, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as k8s

from components.base import labels
from components.base.handles import ClusterHandle, IdentityGrant, ObjectStore, PlatformContext
from components.base.model_weights import StoredWeights
from components.base.wiring import Workload
from components.vllm_model import durations, names
from components.vllm_model.environment import access_key_data
from components.vllm_model.weights.jobs import job_spec
from components.vllm_model.weights.object_store import copy_variables
from components.vllm_model.weights.programs import program_environment, programs_data, programs_volume

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, EnvVarArgsDict, VolumeArgsDict


@dataclass(frozen=True, kw_only=True)
class Access:
    """A way to the bucket: the grant, and the Secret with its key where it has one."""

    grant: IdentityGrant
    secret: pulumi.Input[str] | None


@dataclass(frozen=True, kw_only=True)
class Children:
    """Creates children of `parent` for the weights of `model`, named `<name>-<suffix>`, in `store`."""

    name: str
    model: str
    parent: pulumi.Resource
    cluster: ClusterHandle
    platform: PlatformContext
    weights: StoredWeights
    store: ObjectStore

    def access(self, suffix: str, workload: Workload, *, write: bool) -> Access:
        """Lets the pods of `workload`, whose ServiceAccount has the same name, reach their checkpoint in the bucket."""
        grant = self.cluster.workload_identity.grant(
            f"{self.name}-{suffix}",
            namespace=names.NAMESPACE,
            service_account=workload.name,
            store=self.store,
            purpose="models",
            write=write,
            prefix=self.weights.prefix,
            opts=self.platform.child_options(self.parent),
        )
        self.platform.wiring.allow(workload, self.store.peer, self.store.port)
        self.cluster.allow_credentials(self.platform.wiring, workload)
        if grant.access is None:
            return Access(grant=grant, secret=None)
        return Access(grant=grant, secret=self.secret(f"{suffix}-store", access_key_data(grant.access)))

    def environment(self, access: Access, more: dict[str, str] | None = None) -> list[EnvVarArgsDict]:
        """Variables of a program that reaches the bucket by `access`."""
        return program_environment(
            weights=self.weights,
            bucket=self.store.buckets["models"].name,
            store=copy_variables(access.grant.environment, path_style=self.store.path_style),
            store_secret=access.secret,
            more=more,
        )

    @cached_property
    def programs(self) -> VolumeArgsDict:
        """The volume with the programs, whose ConfigMap is made where one is needed."""
        config_map = k8s.core.v1.ConfigMap(
            f"{self.name}-programs",
            metadata=self.metadata(names.preload_name(self.model)),
            data=programs_data(),
            opts=self.platform.child_options(self.parent),
        )
        return programs_volume(config_map.metadata["name"])

    def job(
        self,
        workload: Workload,
        container: ContainerArgsDict,
        *,
        suffixes: tuple[str, str] = ("job", "account"),
        volumes: tuple[VolumeArgsDict, ...] = (),
        deadline: int,
        after: tuple[pulumi.Resource, ...],
    ) -> pulumi.Resource:
        """A job with a ServiceAccount of its own, `suffixes` being theirs. It is auto-named: another checkpoint or
        program is another job."""
        job, account = suffixes
        service_account = k8s.core.v1.ServiceAccount(
            f"{self.name}-{account}",
            metadata={**self.metadata(workload.name), "name": workload.name},
            automount_service_account_token=False,
            opts=self.platform.child_options(self.parent),
        )
        return k8s.batch.v1.Job(
            f"{self.name}-{job}",
            metadata=self.metadata(workload.name),
            spec=job_spec(
                name=workload.name,
                environment_label=self.platform.environment,
                container=container,
                volumes=[self.programs, *volumes],
                deadline_seconds=deadline,
            ),
            opts=pulumi.ResourceOptions.merge(
                self.platform.child_options(self.parent, service_account, *after), durations.patience(deadline)
            ),
        )

    def secret(self, suffix: str, data: dict[str, pulumi.Output[str]]) -> pulumi.Output[str]:
        """The name of a new Secret."""
        secret = k8s.core.v1.Secret(
            f"{self.name}-{suffix}",
            metadata=self.metadata(names.preload_name(self.model)),
            string_data=data,
            opts=self.platform.child_options(self.parent),
        )
        return secret.metadata["name"]

    def metadata(self, label: str) -> k8s.meta.v1.ObjectMetaArgsDict:
        """Metadata of an auto-named object that belongs to `label`."""
        return {
            "namespace": names.NAMESPACE,
            "labels": labels.object_labels(label, names.PRELOAD_COMPONENT, self.platform.environment),
        }
