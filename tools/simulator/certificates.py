"""The certificates of the simulated cluster: an own authority, so that every connection is verified both ways."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_AUTHORITY_LIFETIME = dt.timedelta(days=3650)
_LIFETIME = dt.timedelta(days=365)
_RENEW_BEFORE = dt.timedelta(days=30)
_CLOCK_SKEW = dt.timedelta(minutes=5)

SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
SERVER_ADDRESSES = ("127.0.0.1", "10.96.0.1")
"""Loopback and the first address of the service range, where pods would find the API server."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate (or public key) file and its private key file, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a certificate speaks for: `user` and `groups` as Kubernetes reads them (common name, organizations)."""

    file: str
    user: str
    groups: tuple[str, ...] = ()
    server: bool = False


ADMIN = Identity(file="admin", user="ai-platform:admin", groups=("system:masters",))
API_SERVER = Identity(file="kube-apiserver", user="kube-apiserver", server=True)
ETCD = Identity(file="etcd", user="etcd", server=True)
ETCD_CLIENT = Identity(file="etcd-client", user="kube-apiserver")
CONTROLLER_MANAGER = Identity(file="kube-controller-manager", user="system:kube-controller-manager")
SCHEDULER = Identity(file="kube-scheduler", user="system:kube-scheduler")
KWOK = Identity(file="kwok", user="ai-platform:kwok")
STAND_INS = Identity(file="stand-ins", user="ai-platform:stand-ins")
IDENTITIES = (ADMIN, API_SERVER, ETCD, ETCD_CLIENT, CONTROLLER_MANAGER, SCHEDULER, KWOK, STAND_INS)


@dataclass(frozen=True)
class Certificates:
    """The files in `folder`; `ensure_certificates` fills it."""

    folder: Path

    @property
    def authority(self) -> Pair:
        """The certificate authority of this one cluster."""
        return self._pair("ca")

    @property
    def service_account(self) -> Pair:
        """Key pair that signs service-account tokens."""
        return Pair(certificate=self.folder / "service-account.pub", key=self.folder / "service-account.key")

    def of(self, identity: Identity) -> Pair:
        """The pair of one identity."""
        return self._pair(identity.file)

    def _pair(self, file: str) -> Pair:
        return Pair(certificate=self.folder / f"{file}.crt", key=self.folder / f"{file}.key")


def ensure_certificates(folder: Path) -> Certificates:
    """Make what is missing, unreadable or about to expire in `folder`; keep the rest. Keys get mode 0600."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    certificates = Certificates(folder)
    if not _is_valid(certificates.authority, None):
        _issue_authority(certificates.authority)
    for identity in IDENTITIES:
        if not _is_valid(certificates.of(identity), certificates.authority):
            _issue(identity, certificates.of(identity), certificates.authority)
    if not all(path.is_file() for path in (certificates.service_account.certificate, certificates.service_account.key)):
        _make_key_pair(certificates.service_account)
    return certificates


def _is_valid(pair: Pair, authority: Pair | None) -> bool:
    """Whether certificate and key are readable, belong together, are signed by `authority` and last a while."""
    try:
        certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
        signer = x509.load_pem_x509_certificate((authority or pair).certificate.read_bytes())
        certificate.verify_directly_issued_by(signer)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    belongs = key.public_key() == certificate.public_key()
    return belongs and certificate.not_valid_after_utc > dt.datetime.now(dt.UTC) + _RENEW_BEFORE


def _issue_authority(pair: Pair) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ai-platform simulated cluster")])
    usage = _key_usage(signs_certificates=True)
    builder = _builder(name, name, key.public_key(), key.public_key(), _AUTHORITY_LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    _write(pair, builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key)


def _issue(identity: Identity, pair: Pair, authority: Pair) -> None:
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    signer = serialization.load_pem_private_key(authority.key.read_bytes(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{authority.key} is no elliptic-curve key")
    issuer_key = signer.public_key()
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in identity.groups]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, identity.user)])
    builder = _builder(subject, issuer.subject, key.public_key(), issuer_key, _LIFETIME)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if identity.server else [])
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if identity.server:
        builder = builder.add_extension(_server_names(SERVER_NAMES, SERVER_ADDRESSES), critical=False)
    _write(pair, builder.sign(signer, hashes.SHA256()), key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    lifetime: dt.timedelta,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _server_names(names: Sequence[str], addresses: Sequence[str]) -> x509.SubjectAlternativeName:
    entries: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    entries += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    return x509.SubjectAlternativeName(entries)


def _write(pair: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    _write_private(pair.key, _private_pem(key))
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _make_key_pair(pair: Pair) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key()
    _write_private(pair.key, _private_pem(key))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pair.certificate.write_bytes(public.public_bytes(serialization.Encoding.PEM, form))


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
