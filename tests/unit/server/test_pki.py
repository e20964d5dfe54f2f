"""The dev certificates: complete, private, accepted by strict verifiers, and renewed in time."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.security import pki

FILES = {f"{name}{end}.pem" for name in ("ca", "server", "ci-bot", "reader") for end in ("", "-key")}


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    pki.ensure(tmp_path / "tls")
    return tmp_path / "tls"


def test_a_first_start_makes_the_whole_set(tls: Path) -> None:
    assert set(contents(tls)) == FILES


def test_keys_are_for_their_owner_alone(tls: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in tls.glob("*-key.pem")} == {0o600}


@pytest.mark.parametrize(
    "host", [x509.DNSName("localhost"), *map(x509.IPAddress, map(ip_address, ("127.0.0.1", "::1")))]
)
def test_a_strict_verifier_takes_the_servers_certificate(tls: Path, host: x509.DNSName | x509.IPAddress) -> None:
    verifier = PolicyBuilder().store(Store([load(tls / "ca.pem")])).build_server_verifier(host)
    verifier.verify(load(tls / "server.pem"), [])


@pytest.mark.parametrize(("name", "spiffe_id"), pki.IDENTITIES.items())
def test_a_strict_verifier_takes_the_clients_and_reads_one_spiffe_id(tls: Path, name: str, spiffe_id: str) -> None:
    verifier = PolicyBuilder().store(Store([load(tls / "ca.pem")])).build_client_verifier()
    verified = verifier.verify(load(tls / f"{name}.pem"), [])
    assert verified.subjects == [x509.UniformResourceIdentifier(spiffe_id)]


def test_a_second_start_changes_nothing(tls: Path) -> None:
    before = contents(tls)
    pki.ensure(tls)
    assert contents(tls) == before


@pytest.mark.parametrize("lost", ["reader.pem", "reader-key.pem"])
def test_a_missing_half_is_made_anew_and_the_rest_is_kept(tls: Path, lost: str) -> None:
    before = contents(tls)
    (tls / lost).unlink()
    pki.ensure(tls)
    assert {name for name, data in contents(tls).items() if before[name] != data} == {"reader.pem", "reader-key.pem"}


def test_a_damaged_certificate_is_made_anew(tls: Path) -> None:
    (tls / "server.pem").write_text("nonsense")
    pki.ensure(tls)
    load(tls / "server.pem").verify_directly_issued_by(load(tls / "ca.pem"))


def test_a_key_that_is_not_the_certificates_is_made_anew(tls: Path) -> None:
    (tls / "server-key.pem").write_bytes((tls / "reader-key.pem").read_bytes())
    pki.ensure(tls)
    assert (tls / "server-key.pem").read_bytes() != (tls / "reader-key.pem").read_bytes()


def test_a_lost_ca_renews_everything(tls: Path) -> None:
    before = contents(tls)
    (tls / "ca-key.pem").unlink()
    pki.ensure(tls)
    assert all(before[name] != data for name, data in contents(tls).items())
    load(tls / "reader.pem").verify_directly_issued_by(load(tls / "ca.pem"))


def test_certificates_are_renewed_before_they_end(tls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(tls)
    monkeypatch.setattr(pki, "RENEW", pki.LIFE + timedelta(days=1))
    pki.ensure(tls)
    changed = {name for name, data in contents(tls).items() if before[name] != data}
    assert changed == FILES - {"ca.pem", "ca-key.pem"}
    assert load(tls / "server.pem").not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)


def test_a_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("a file")
    with pytest.raises(FailedPrecondition, match="can't be kept here"):
        pki.ensure(tmp_path / "tls")


def test_a_link_to_a_certificate_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pki.ensure(tmp_path / "tls")
    (tmp_path / "tls/server.pem").rename(tmp_path / "elsewhere.pem")
    (tmp_path / "tls/server.pem").symlink_to("../elsewhere.pem")
    before = (tmp_path / "elsewhere.pem").read_bytes()
    monkeypatch.setattr(pki, "RENEW", pki.LIFE + timedelta(days=1))
    pki.ensure(tmp_path / "tls")
    assert (tmp_path / "tls/server.pem").is_symlink()
    assert (tmp_path / "elsewhere.pem").read_bytes() != before
