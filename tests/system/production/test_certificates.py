"""TLS files that don't fit, and files that are replaced under a running process."""

import logging
from pathlib import Path

import pytest

from schemaregistry.errors import FailedPrecondition
from schemaregistry_server.security import access, pki
from schemaregistry_server.security.access import Access
from schemaregistry_server.security.certificates import TlsFiles
from schemaregistry_server.security.reloading import Reloaded
from tests.system.production.issuing import issue


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    pki.ensure(tmp_path)
    return TlsFiles(tmp_path / "ca.pem", tmp_path / "server.pem", tmp_path / "server-key.pem")


def unfit(files: TlsFiles) -> str:
    with pytest.raises(FailedPrecondition) as refused:
        files.pem()
    assert refused.value.reason == "TLS_FILES"
    return refused.value.message


def test_files_that_fit_are_read(files: TlsFiles) -> None:
    assert files.pem().key == files.key.read_bytes()
    assert files.context().verify_mode.name == "CERT_REQUIRED"


@pytest.mark.parametrize("which", ["ca", "certificate", "key"])
def test_a_file_that_is_missing_or_no_pem_is_named(files: TlsFiles, which: str) -> None:
    path: Path = getattr(files, which)
    path.write_text("not PEM")
    assert unfit(files).startswith(f"{path} can't be used for TLS: it is no ")
    path.unlink()
    assert unfit(files).startswith(f"{path} can't be used for TLS: it can't be read (No such file")


def test_another_ones_key_is_named(files: TlsFiles) -> None:
    files.key.write_bytes((files.key.parent / "reader-key.pem").read_bytes())
    assert f"{files.key} can't be used for TLS: it is not the key of {files.certificate}" in unfit(files)


def test_a_certificate_that_has_expired_is_named(files: TlsFiles) -> None:
    issue(files.ca.parent, "server", server=True, seconds=-60)
    assert f"{files.certificate} can't be used for TLS: it expired at" in unfit(files)


def test_the_old_pair_stays_until_both_halves_of_the_new_one_are_there(
    files: TlsFiles, caplog: pytest.LogCaptureFixture
) -> None:
    pem = Reloaded(files.paths, files.pem)
    before = pem.value
    old_key = files.key.read_bytes()
    issue(files.ca.parent, "server", server=True)
    new_key = files.key.read_bytes()
    files.key.write_bytes(old_key)
    with caplog.at_level(logging.ERROR):
        assert pem.value == pem.value == before
    assert len([line for line in caplog.messages if "not the key of" in line]) == 1, "said once"
    files.key.write_bytes(new_key)
    assert pem.value.key == new_key


def test_files_behind_a_symbolic_link_are_followed(files: TlsFiles, tmp_path: Path) -> None:
    """How Kubernetes replaces a mounted secret: the directory's link is moved to a new directory."""
    other, link = tmp_path / "other", tmp_path / "link"
    pki.ensure(other)
    link.symlink_to(files.ca.parent)
    linked = TlsFiles(link / "ca.pem", link / "server.pem", link / "server-key.pem")
    pem = Reloaded(linked.paths, linked.pem)
    assert pem.value.ca == files.ca.read_bytes()
    (tmp_path / "next").symlink_to(other)
    (tmp_path / "next").replace(link)
    assert pem.value.ca == (other / "ca.pem").read_bytes()


def test_revoked_names_are_those_of_the_file_at_each_moment(tmp_path: Path) -> None:
    pki.ensure(tmp_path)
    file = tmp_path / "revoked"
    file.write_text("# left\nspiffe://prod/mallory  # in March\n\n")
    issue(tmp_path, "mallory", "spiffe://prod/mallory")
    issue(tmp_path, "alice", "spiffe://prod/alice")
    mallory, alice = ((tmp_path / f"{name}.pem").read_bytes() for name in ("mallory", "alice"))
    rule = Access(revoked=access.revocations(file))
    assert rule.identity(mallory).revoked
    assert not rule.identity(alice).revoked
    file.write_text("spiffe://prod/alice\n")
    assert rule.identity(alice).revoked
    assert not rule.identity(mallory).revoked
    file.unlink()
    assert rule.identity(alice).revoked, "a file that is gone pardons nobody"


def test_a_file_of_revoked_names_that_is_missing_at_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FailedPrecondition, match="revoked names can't be read"):
        access.revocations(tmp_path / "none")


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666])
def test_a_key_that_every_user_may_read_or_change_is_refused(files: TlsFiles, mode: int) -> None:
    files.key.chmod(mode)
    assert unfit(files).endswith(f"run: chmod o= {files.key}.")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o640])
def test_a_key_of_its_owner_and_group_is_taken(files: TlsFiles, mode: int) -> None:
    """How a mounted secret gives a key to a process that isn't root."""
    files.key.chmod(mode)
    assert files.pem().key


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_name_may_have_the_mark_that_begins_comments(tmp_path: Path, start: str) -> None:
    file = tmp_path / "revoked"
    branch = "github:repo:acme/ticks:ref:refs/heads/fix#12"
    file.write_text(f"{start}{branch}\n#spiffe://prod/alice\nspiffe://prod/bob #left\n", encoding="utf-8")
    assert access.revocations(file).value == {branch, "spiffe://prod/bob"}


@pytest.mark.parametrize("line", ['"spiffe://prod/bob"', "SPIFFE://prod/bob", "spiffe://Prod/bob", "spiffe://prod/*"])
def test_a_line_that_revokes_nobody_is_named_in_the_log(
    tmp_path: Path, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "revoked"
    file.write_text(f"spiffe://prod/alice\n{line}\n", encoding="utf-8")
    assert "spiffe://prod/alice" in access.revocations(file).value
    assert f"{file}, line 2" in caplog.text
