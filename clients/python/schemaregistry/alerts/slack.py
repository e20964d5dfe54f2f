"""One message to a Slack webhook about a load some of whose data don't conform. Never shows the webhook's address.

What comes from data and documents is shown as text: no mention fires, no markup, no link.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from schemaregistry.data.report.facts import Violation
from schemaregistry.data.report.report import Report
from schemaregistry.data.report.report_wording import shown_value
from schemaregistry.terminal import printable

_ATTEMPTS: Final = 4
_TIMEOUT: Final = 5.0
"""Seconds for one attempt."""
_LONGEST_WAIT: Final = 30.0
"""Seconds between two attempts."""
_SHOWN: Final = 5
_LONGEST: Final = 2900
"""Characters of a section; Slack takes 3,000."""


class AlertFailed(Exception):
    """The alert could not be sent, or it isn't known whether it was."""


def send(webhook: str, message: dict[str, Any], sleep: Callable[[float], None] = time.sleep) -> None:
    """Post a message once; raises AlertFailed.

    What Slack surely hasn't taken is tried again, four times in all: 429 (after `Retry-After`), 5xx, no connection.
    An answer that doesn't come is not: the message may be there already.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for attempt in range(_ATTEMPTS):
        fault, wait = _attempt(webhook, message, 0.5 * 2**attempt)
        if not fault:
            return
        if attempt < _ATTEMPTS - 1:
            sleep(wait)
    raise AlertFailed(f"{fault}, {_ATTEMPTS} times")


def _attempt(webhook: str, message: dict[str, Any], wait: float) -> tuple[str, float]:
    """What went wrong, empty if nothing, and how long to wait before the next attempt."""
    try:
        # What the body says is of no use, and it may have no end.
        with httpx.stream("POST", webhook, json=message, timeout=_TIMEOUT, follow_redirects=False) as answer:
            response = answer
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        return "no connection", wait
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        # The text of an error may hold the address.
        raise AlertFailed(type(error).__name__) from None
    if response.is_success:
        return "", 0
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return "HTTP 429", min(_seconds(response.headers.get("retry-after", ""), wait), _LONGEST_WAIT)
    if response.is_server_error:
        return f"HTTP {response.status_code}", wait
    raise AlertFailed(f"HTTP {response.status_code}")


def _seconds(header: str, default: float) -> float:
    """`Retry-After` (RFC 9110, 10.2.3): seconds, or a date."""
    if re.fullmatch("[0-9]{1,6}", header):
        return float(header)
    try:
        return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, TypeError):
        return default


def halted(report: Report) -> dict[str, Any]:
    """The message about a load that was halted by what its data are."""
    return about(report, "Load halted")


def about(report: Report, what: str, *more: str) -> dict[str, Any]:
    """The message about a load; `what` became of it, and what `more` is to be said."""
    schema = f"{report.schema.id} {report.schema.version}"
    files = ", ".join(facts.path for facts in report.files[:_SHOWN])
    if len(report.files) > _SHOWN:
        files += f" and {len(report.files) - _SHOWN:,} more"
    rows = f"rows: {report.rows:,}, failing: {report.rows_failing:,}"
    return _message(
        f"{what}: {schema} {report.verdict}",
        [f"files: {_code(files)}", rows, *(_code(line) for line in more), *_lines(report)],
    )


def not_judged(schema: str, files: str, fault: str, *more: str) -> dict[str, Any]:
    """The message about a load that was halted since there was no contract to judge by."""
    return _message(
        f"Load halted: no contract for {schema}",
        [f"files: {_code(files)}", _code(fault), *(_code(line) for line in more)],
    )


def _lines(report: Report) -> Iterator[str]:
    if report.error:
        yield f"{_code(report.error.file)}: {_code(report.error.message)} ({report.error.reason})"
    for violation in report.violations[:_SHOWN]:
        yield _violation(violation)
    if len(report.violations) > _SHOWN:
        yield f"… and {len(report.violations) - _SHOWN:,} more rules broken"


def _violation(violation: Violation) -> str:
    rows = f"{violation.count:,} row{'' if violation.count == 1 else 's'}"
    examples = ", ".join(f"row {example.row:,}: {shown_value(example.value)}" for example in violation.examples[:3])
    name = violation.column or "the whole row"
    return f"• {_code(name)} breaks {_code(violation.rule)} in {rows}" + (f" ({_code(examples)})" if examples else "")


def _message(head: str, lines: list[str]) -> dict[str, Any]:
    body = "\n".join(lines)[:_LONGEST]
    return {
        "text": _escaped(head),
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": f"*{_escaped(head)}*\n{body}"}},
        ],
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
    }


def _code(text: str) -> str:
    """Text within which Slack reads no markup."""
    return f"`{_escaped(printable(text)[:500]).replace('`', 'ʼ')}`" if text else "``"


def _escaped(text: str) -> str:
    """Slack's three escapes; a zero-width space after @ and # keeps what looks like a mention from being one."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub("([@#])", "\\1\u200b", text)
