"""A certificate of AWS Certificate Manager for the public names, proven in their Route 53 zone and renewed by AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.gpu_cluster.eks.tags import resource_tags

TYPE = "ai-platform:gpu_cluster:EdgeCertificate"

RECORD_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class EdgeCertificateArgs:
    """`hosts` are what the certificate covers, at least one and no two with the same first label; `hosted_zone_id` is a
    public zone that holds them.
    """

    environment: str
    hosts: tuple[str, ...]
    hosted_zone_id: str


class EdgeCertificate(pulumi.ComponentResource):
    """`arn` is known once the certificate is issued; an issued one stays issued as long as its records stand."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: EdgeCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(TYPE, name, None, opts)
        if not args.hosts:
            message = "hosts: a certificate needs at least one name"
            raise ValueError(message)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.hosts[0],
            subject_alternative_names=list(args.hosts[1:]),
            validation_method="DNS",
            key_algorithm="EC_prime256v1",
            tags=resource_tags(name, args.environment, "tls-certificates"),
            opts=child,
        )
        records = [
            aws.route53.Record(
                f"{name}-{host.split('.')[0]}-proof",
                zone_id=args.hosted_zone_id,
                name=certificate.domain_validation_options.apply(_option(host, "resource_record_name")),
                type="CNAME",
                ttl=RECORD_SECONDS,
                records=[certificate.domain_validation_options.apply(_option(host, "resource_record_value"))],
                # A name has the same record in every certificate of the account.
                allow_overwrite=True,
                opts=child,
            )
            for host in args.hosts
        ]
        issued = aws.acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=child,
        )
        self.arn = issued.certificate_arn
        self.register_outputs({"arn": self.arn})


def _option(host: str, field: str) -> Callable[[Any], str]:
    """Picks `field` of the record that proves `host`: AWS lists them in no order."""
    return lambda options: next(getattr(option, field) for option in options if option.domain_name == host)
