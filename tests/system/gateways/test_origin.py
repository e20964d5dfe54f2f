"""The grpc-gateway answers programs, not web pages: whoever reaches it has its certificate's rights."""

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.system.gateways.conftest import grpc_gateway

PAGES = {
    "another origin": [("Origin", "https://evil.example")],
    "no origin of its own": [("Origin", "null")],
    "another host": [("Host", "evil.example")],
    "a host that starts like ours": [("Host", "localhost.evil.example")],
}


@pytest.fixture(scope="module")
def gateway_port(running, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with grpc_gateway(running.target, running.tls, tmp_path_factory.mktemp("gateway")) as base:
        yield int(base.rpartition(":")[2])


def ask(port: int, headers: list[tuple[str, str]], target: str = "/whoami") -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("GET", target, skip_host=any(name == "Host" for name, _ in headers))
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body: dict[str, object] = json.load(answer)
    connection.close()
    return answer.status, body


@pytest.mark.parametrize("headers", PAGES.values(), ids=PAGES.keys())
def test_a_web_page_is_refused(gateway_port: int, headers: list[tuple[str, str]]) -> None:
    status, problem = ask(gateway_port, headers)
    assert (status, problem["reason"], problem["code"]) == (403, "NOT_LOOPBACK", "PERMISSION_DENIED")


def test_the_host_of_a_whole_url_is_judged(gateway_port: int) -> None:
    """Go puts it in place of the Host header, as RFC 9112 has it (section 3.2.2); the registry takes no two hosts."""
    status, problem = ask(gateway_port, [("Host", "localhost")], "http://evil.example/whoami")
    assert (status, problem["reason"]) == (403, "NOT_LOOPBACK")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:8080", "LOCALHOST"])
def test_a_program_on_this_machine_is_answered(gateway_port: int, host: str) -> None:
    status, me = ask(gateway_port, [("Host", host)])
    assert (status, me["can_publish"]) == (200, True)


def test_its_own_origin_is_answered(gateway_port: int) -> None:
    origin = [("Host", f"localhost:{gateway_port}"), ("Origin", f"http://localhost:{gateway_port}")]
    assert ask(gateway_port, origin)[0] == 200
