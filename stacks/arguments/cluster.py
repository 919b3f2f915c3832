"""Settings of the parts that clusters have in common → what their implementations are given."""

from __future__ import annotations

from components.base.handles import CertificateIssuer, ImageRegistry
from components.gpu_cluster.contract import GpuSoftware
from components.gpu_cluster.issuers import acme_issuer, ca_issuer, route53_solver, self_signed_issuer
from components.gpu_cluster.storage_classes import NewStorageClass, StorageClassPlan, StoragePlan
from stacks.schema.cluster import GpuOperatorSettings, IssuerSettings, StorageClassSettings, StorageSettings
from stacks.settings import PlatformSettings


def image_registry(settings: PlatformSettings) -> ImageRegistry:
    """Where images come from."""
    return ImageRegistry(mirror=settings.registry.mirror)


def gpu_software(settings: GpuOperatorSettings) -> GpuSoftware:
    """Who brings the GPU software of the nodes."""
    return GpuSoftware(install=settings.install, driver=settings.driver, container_runtime=settings.container_runtime)


def storage_plan(storage: StorageSettings) -> StoragePlan:
    """Storage classes by meaning."""
    return StoragePlan(
        fast=_storage_class(storage.fast),
        retained=_storage_class(storage.retained),
        shared=_storage_class(storage.shared) if storage.shared else None,
    )


def _storage_class(settings: StorageClassSettings) -> StorageClassPlan:
    new = settings.create
    if new is None:
        return StorageClassPlan(name=settings.name)
    created = NewStorageClass(provisioner=new.provisioner, parameters=new.parameters, binding=new.volume_binding_mode)
    return StorageClassPlan(name=settings.name, create=created)


def certificate_issuer(settings: IssuerSettings, *, region: str = "", zone_id: str = "") -> CertificateIssuer:
    """Who signs certificates. ACME without a solver of its own proves names in the Route 53 zone `zone_id`."""
    if settings.ca_secret:
        return ca_issuer(settings.ca_secret)
    if settings.acme:
        solver = settings.acme.dns01 or route53_solver(region=region, hosted_zone_id=zone_id)
        return acme_issuer(email=settings.acme.email, server=settings.acme.server, dns01=solver)
    return self_signed_issuer()
