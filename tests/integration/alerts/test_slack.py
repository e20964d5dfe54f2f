"""The alert, against a real HTTP server: one message, whatever the server answers first, and nothing that fires."""

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from schemaregistry.alerts import slack
from schemaregistry.data import Example, Fault, FileFacts, Report, SchemaName, Violation
from tests.support.patience import PATIENCE
from tests.support.webhook import Webhook, serving, text_of


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with serving() as state:
        yield state


def report(**changes: Any) -> Report:
    example = Example("ticks.csv", 10, 12, "<!channel> @here `rm` *bold* <http://evil|click>")
    facts: dict[str, Any] = {
        "verdict": "violates",
        "schema": SchemaName("ticks_v1", "1.1.0", 3, "sha256:0"),
        "files": (FileFacts("in/<!everyone>&.csv", "csv", 100, 1000),),
        "rows": 100,
        "rows_failing": 2,
        "violations": (Violation("side", "/properties/side/enum", "enum", "", "", 2, (example,)),),
        "notes": (),
        "error": None,
        "seconds": 0.1,
        "rows_per_second": 1000,
        "peak_memory_bytes": 1,
    }
    return Report(**(facts | changes))


def test_one_message_says_what_halted(webhook: Webhook) -> None:
    slack.send(webhook.url, slack.halted(report()))
    assert len(webhook.requests) == len(webhook.messages) == 1
    text = webhook.text
    for fact in ("ticks_v1 1.1.0", ".csv", "side", "enum", "2 rows", "row 10", "100", "failing: 2"):
        assert fact in text


def test_nothing_from_the_data_fires(webhook: Webhook) -> None:
    slack.send(webhook.url, slack.halted(report()))
    text = webhook.text
    assert "&lt;!channel&gt;" in text
    assert "&amp;.csv" in text
    for live in ("<!", "<http", "@here", "`rm`"):
        assert live not in text
    assert webhook.messages[0]["unfurl_links"] is False


def test_an_undecided_load_names_the_fault() -> None:
    fault = Fault("t.parquet", 10, None, "TRUNCATED", "the file is cut off")
    text = text_of(slack.halted(report(verdict="undecided", violations=(), error=fault)))
    assert "the file is cut off" in text
    assert "TRUNCATED" in text


def test_a_long_report_stays_within_slacks_limit() -> None:
    example = Example("t.csv", 1, 2, "x" * 200)
    many = tuple(Violation(f"c{index}" * 60, "/p", "type", "", "", 1, (example,) * 10) for index in range(50))
    message = slack.halted(report(violations=many))
    assert all(len(block["text"]["text"]) <= 3000 for block in message["blocks"])


def test_it_waits_as_429_says(webhook: Webhook) -> None:
    waits: list[float] = []
    webhook.answers = [(429, {"Retry-After": "7"}), (429, {"Retry-After": "86400"}), (429, {})]
    slack.send(webhook.url, {"text": "x"}, sleep=waits.append)
    assert (len(webhook.requests), len(webhook.messages)) == (4, 1)
    assert waits == [7, 30, 2.0]


def test_it_tries_again_after_5xx_and_stops_in_the_end(webhook: Webhook) -> None:
    webhook.answers = [(503, {})] * 2
    slack.send(webhook.url, {"text": "x"}, sleep=lambda _: None)
    assert (len(webhook.requests), len(webhook.messages)) == (3, 1)
    webhook.answers = [(500, {})] * 10
    with pytest.raises(slack.AlertFailed, match="HTTP 500, 4 times"):
        slack.send(webhook.url, {"text": "x"}, sleep=lambda _: None)
    assert len(webhook.requests) == 7


@pytest.mark.parametrize("status", [400, 403, 404, 410, 302])
def test_a_refusal_is_not_tried_again(webhook: Webhook, status: int) -> None:
    webhook.answers = [(status, {"Location": "http://127.0.0.1:1/"})]
    with pytest.raises(slack.AlertFailed, match=f"HTTP {status}"):
        slack.send(webhook.url, {"text": "x"}, sleep=lambda _: None)
    assert len(webhook.requests) == 1


def test_an_answer_that_does_not_come_is_not_asked_for_again(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message may be there: a second one could be a duplicate."""
    monkeypatch.setattr(slack, "_TIMEOUT", 0.2)
    webhook.delay = 0.6
    with pytest.raises(slack.AlertFailed, match="ReadTimeout"):
        slack.send(webhook.url, {"text": "x"}, sleep=lambda _: None)
    assert len(webhook.requests) == 1


def test_no_server_at_all_is_tried_four_times() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/SECRET"
    waits: list[float] = []
    with pytest.raises(slack.AlertFailed, match="no connection, 4 times"):
        slack.send(url, {"text": "x"}, sleep=waits.append)
    assert waits == [0.5, 1, 2]


@pytest.mark.parametrize("url", ["", "nonsense SECRET", "ftp://h/SECRET", "http://[::1/SECRET", "http://\n/SECRET"])
def test_an_address_that_is_none_fails_without_showing_it(url: str) -> None:
    with pytest.raises(slack.AlertFailed) as failed:
        slack.send(url, {"text": "x"}, sleep=lambda _: None)
    assert "SECRET" not in str(failed.value)


def test_the_address_is_in_no_log(webhook: Webhook, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.send(webhook.url, {"text": "x"})
    assert "SECRET" not in caplog.text


def test_an_answer_without_an_end_is_not_waited_for() -> None:
    hung_up: list[bool] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        taken, _ = listening.accept()
        with taken, contextlib.suppress(OSError):
            taken.recv(1 << 16)
            taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nok")
            taken.settimeout(PATIENCE)
            while taken.recv(1 << 16):
                pass  # the rest of the request
            hung_up.append(True)

    thread = threading.Thread(target=answer)
    thread.start()
    with listening:
        slack.send(f"http://127.0.0.1:{listening.getsockname()[1]}/SECRET", {"text": "x"})
        thread.join()
    assert hung_up == [True]
