"""The store that each value of `--store` opens."""

import sys
from pathlib import Path

import pytest

from devtools.etcd_cluster import EtcdCluster
from schemaregistry.errors import FailedPrecondition, InvalidArgument
from schemaregistry_server.security import pki
from schemaregistry_server.store.selection import endpoints, opened
from tests.integration.etcd.harness import entry


def test_endpoints_have_etcds_port_where_none_is_given():
    assert endpoints("etcd://one,two:2380,[::1]:9") == ["one:2379", "two:2380", "[::1]:9"]


@pytest.mark.parametrize("name", ["", "postgres", "etcd://", "etcd://,", "http://one", "etcd://one/path"])
async def test_another_name_is_refused(name: str, tmp_path: Path):
    with pytest.raises(InvalidArgument) as refused:
        async with opened(name, tmp_path):
            pass
    assert refused.value.reason == "BAD_STORE"


@pytest.mark.parametrize("name", ["sqlite", "etcd"])
async def test_a_store_of_our_own_has_its_data_the_next_time(etcd_built: None, name: str, tmp_path: Path):
    pki.ensure(tmp_path / "tls")
    async with opened(name, tmp_path) as store:
        revision = await store.put(entry(), expected_latest=None)
    async with opened(name, tmp_path) as store:
        assert [e.revision for e in (await store.load()).entries] == [revision]


async def test_a_cluster_that_is_there_is_used(etcd_cluster: EtcdCluster, tmp_path: Path):
    async with opened(f"etcd://{','.join(etcd_cluster.endpoints)}", tmp_path) as store:
        assert (await store.load()).revision > 0


async def test_a_cluster_for_development_needs_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setitem(sys.modules, "devtools.etcd_cluster", None)
    with pytest.raises(FailedPrecondition, match="etcd://HOST:PORT") as refused:
        async with opened("etcd", tmp_path):
            pass
    assert refused.value.reason == "NO_ETCD"
