"""Send a message to a Slack webhook: about a load whose data don't conform, or a registry that differs from git.

The webhook's address is a secret and never shown. Text from data and documents is escaped: it can't mention anybody,
and has no markup or link.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from schemaregistry.data.report.facts import Violation
from schemaregistry.data.report.report import Report
from schemaregistry.data.report.report_wording import shown_value
from schemaregistry.terminal import printable

_ATTEMPTS: Final = 4
"""Attempts for one message."""
_TIMEOUT: Final = 5.0
"""Seconds for one attempt."""
_LONGEST_WAIT: Final = 30.0
"""Seconds: the longest wait that Slack's Retry-After may ask for."""
_SHOWN: Final = 5
"""Files and violations listed in a message."""
_DIFFERENCES: Final = 5
"""Differences listed in a message: each has at most 500 characters."""
_LONGEST: Final = 2900
"""Characters of a section; Slack allows 3,000."""


class AlertFailed(Exception):
    """The alert wasn't sent, or it isn't known whether it was."""


def send(webhook: str, message: dict[str, Any], sleep: Callable[[float], None] = time.sleep) -> None:
    """Post a message at most once. Raises AlertFailed.

    It is sent again only if Slack certainly did not accept it: after 429 (waiting for `Retry-After`), 5xx or a failed
    connection, four attempts in total. A timeout after sending isn't retried, since the message may have arrived.
    """
    # At INFO httpx logs each request with its address.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for attempt in range(_ATTEMPTS):
        fault, wait = _attempt(webhook, message, 0.5 * 2**attempt)
        if not fault:
            return
        if attempt < _ATTEMPTS - 1:
            sleep(wait)
    raise AlertFailed(f"{fault}, {_ATTEMPTS} times")


def _attempt(webhook: str, message: dict[str, Any], wait: float) -> tuple[str, float]:
    """Post once; return what went wrong, empty for success, and the seconds to wait before the next attempt."""
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
    """Parse `Retry-After` (RFC 9110, 10.2.3): seconds, or a date."""
    if re.fullmatch("[0-9]{1,6}", header):
        return float(header)
    try:
        return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0)
    except (ValueError, TypeError):
        return default


def halted(report: Report) -> dict[str, Any]:
    """Return the message about a load that its data halted."""
    return about(report, "Load halted")


def about(report: Report, what: str, *more: str) -> dict[str, Any]:
    """Return the message about a load; `what` is its outcome, `more` are further lines."""
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
    """Return the message about a load that was halted because there was no contract."""
    return _message(
        f"Load halted: no contract for {schema}",
        [f"files: {_code(files)}", _code(fault), *(_code(line) for line in more)],
    )


def drifted(commit: str, differences: Sequence[str]) -> dict[str, Any]:
    """Return the message that the registry differs from git at a commit; `differences` are sentences."""
    count = f"{len(differences):,} difference{'' if len(differences) == 1 else 's'}"
    lines = [f"• {_code(each)}" for each in differences[:_DIFFERENCES]]
    if len(differences) > _DIFFERENCES:
        lines.append(f"… and {len(differences) - _DIFFERENCES:,} more")
    return _message(f"The registry and git at {commit[:12]} differ: {count}", lines)


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
    """Return text as inline code, in which Slack interprets no markup."""
    return f"`{_escaped(printable(text)[:500]).replace('`', 'ʼ')}`" if text else "``"


def _escaped(text: str) -> str:
    """Escape `&`, `<` and `>`, and put a zero-width space after @ and # so that nothing becomes a mention."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub("([@#])", "\\1\u200b", text)
