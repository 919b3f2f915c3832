"""The certificates of the simulated cluster."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tools.simulator import certificates
from tools.simulator.certificates import (
    ADMIN,
    API_SERVER,
    ETCD,
    IDENTITIES,
    KWOK,
    SCHEDULER,
    Certificates,
    ensure_certificates,
)


@pytest.fixture
def made(tmp_path: Path) -> Certificates:
    return ensure_certificates(tmp_path / "certificates")


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("identity", [API_SERVER, ETCD])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "kubernetes.default"])
def test_a_server_certificate_verifies_for_its_names(
    made: Certificates, identity: certificates.Identity, name: str
) -> None:
    store = verification.Store([_load(made.authority.certificate)])
    subject = x509.IPAddress(certificates.ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    verifier = verification.PolicyBuilder().store(store).build_server_verifier(subject)
    assert len(verifier.verify(_load(made.of(identity).certificate), [])) == 2


def test_a_server_certificate_does_not_verify_for_another_name(made: Certificates) -> None:
    store = verification.Store([_load(made.authority.certificate)])
    verifier = verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName("ai.example.org"))
    with pytest.raises(verification.VerificationError):
        verifier.verify(_load(made.of(API_SERVER).certificate), [])


def test_another_clusters_authority_does_not_verify_it(made: Certificates, tmp_path: Path) -> None:
    other = ensure_certificates(tmp_path / "other")
    store = verification.Store([_load(other.authority.certificate)])
    verifier = verification.PolicyBuilder().store(store).build_server_verifier(x509.DNSName("localhost"))
    with pytest.raises(verification.VerificationError):
        verifier.verify(_load(made.of(API_SERVER).certificate), [])


def test_only_the_administrator_is_a_cluster_master(made: Certificates) -> None:
    for identity in IDENTITIES:
        subject = _load(made.of(identity).certificate).subject
        groups = {entry.value for entry in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}
        assert groups == ({"system:masters"} if identity is ADMIN else set())
        assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == identity.user


def test_a_client_certificate_is_none_for_servers(made: Certificates) -> None:
    for identity in (ADMIN, SCHEDULER, KWOK):
        extension = _load(made.of(identity).certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        assert list(extension.value) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_private_keys_are_readable_by_their_owner_only(made: Certificates) -> None:
    keys = list(made.folder.glob("*.key"))
    assert len(keys) == len(IDENTITIES) + 2  # the authority's and the one of service accounts
    assert all(key.stat().st_mode & 0o777 == 0o600 for key in keys)
    assert made.folder.stat().st_mode & 0o777 == 0o700


def test_a_second_call_changes_nothing(made: Certificates) -> None:
    before = _contents(made.folder)
    ensure_certificates(made.folder)
    assert _contents(made.folder) == before


def test_a_certificate_that_does_not_fit_its_key_is_replaced_alone(made: Certificates) -> None:
    before = _contents(made.folder)
    made.of(KWOK).key.write_bytes(made.of(ADMIN).key.read_bytes())  # as an interruption between two writes leaves it
    ensure_certificates(made.folder)
    after = _contents(made.folder)
    assert {name for name in before if before[name] != after[name]} == {"kwok.crt", "kwok.key"}
    key = serialization.load_pem_private_key(after["kwok.key"], None)
    assert key.public_key() == _load(made.of(KWOK).certificate).public_key()


def test_a_certificate_about_to_expire_is_replaced(made: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _contents(made.folder)
    monkeypatch.setattr(certificates, "_RENEW_BEFORE", dt.timedelta(days=366))
    ensure_certificates(made.folder)
    after = _contents(made.folder)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"{identity.file}.{end}" for identity in IDENTITIES for end in ("crt", "key")}


def test_a_lost_authority_replaces_all_that_it_signed(made: Certificates) -> None:
    before = _contents(made.folder)
    made.authority.key.unlink()
    ensure_certificates(made.folder)
    after = _contents(made.folder)
    unchanged = {name for name in before if before[name] == after[name]}
    assert unchanged == {"service-account.key", "service-account.pub"}
