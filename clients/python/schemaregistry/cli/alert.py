"""Send one Slack message for each incident of a load; a failure to send is reported on stderr and changes nothing else.

`alerts/slack.py` writes and sends the message, `alerts/incidents.py` decides whether it was sent before.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from schemaregistry.cli.say import say

if TYPE_CHECKING:
    from schemaregistry.alerts.incidents import Incident
    from schemaregistry.data import Loaded, Report

SlackWebhook: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--slack-webhook",
        envvar="SCHEMAREGISTRY_SLACK_WEBHOOK",
        help="Is told of data that don't conform, once for each incident. A secret: an option shows in the machine's "
        "list of processes, so set the variable.",
    ),
]


@dataclass(frozen=True, slots=True)
class Alert:
    """The alerts about a load of `files` to the destination `to`; without a `webhook` none is sent.

    Alerts that were sent are remembered in `folder`; without one, each run sends its alert.
    """

    webhook: str | None
    folder: Path | None
    schema: str
    files: Sequence[str]
    to: str

    def about(self, loaded: "Loaded", report: "Report") -> None:
        """Send an alert about a load that isn't clean; a clean one ends the incidents of earlier runs.

        `report` may be redacted.
        """
        from schemaregistry.alerts import slack
        from schemaregistry.alerts.incidents import Incident

        if report.verdict == "conforms":
            self._settled()
            return
        what, *more = _words(loaded)
        incident = Incident.of(self._place, what, report)
        self._tell(incident, lambda held: slack.about(report, what, *more, *held))

    def not_judged(self, fault: str) -> None:
        """Send an alert that data weren't judged, because `fault` left no contract to judge by."""
        from schemaregistry.alerts import slack
        from schemaregistry.alerts.incidents import Incident

        files = ", ".join(self.files[:5])
        incident = Incident.named(self._place, "no contract")
        self._tell(incident, lambda held: slack.not_judged(self.schema, files, fault, *held))

    @property
    def _place(self) -> tuple[str, ...]:
        """The key of a load, the same for a retry: webhook, schema without its version, destination and files."""
        files = sorted(str(Path(file).resolve()) for file in self.files)
        return (str(self.webhook), self.schema.partition("@")[0], self.to, *files)

    def _settled(self) -> None:
        from schemaregistry.alerts.incidents import Incidents

        if self.webhook and self.folder:
            with contextlib.suppress(OSError):
                Incidents(self.folder / "alerts.json").settled(self._place)

    def _tell(self, incident: "Incident", message: Callable[[list[str]], dict[str, Any]]) -> None:
        from schemaregistry.alerts.incidents import MAX_PER_HOUR, AlertDecision, Incidents

        if not self.webhook:
            return
        incidents = Incidents(self.folder / "alerts.json") if self.folder else None
        try:
            decision = incidents.decide(incident) if incidents else AlertDecision("send")
        except OSError:  # what was sent before can't be read: better an alert twice than none
            incidents, decision = None, AlertDecision("send")
        if decision.answer == "told":
            at = time.strftime("%Y-%m-%d %H:%M", time.localtime(decision.at))
            say(f"Slack was told of this at {at}; it isn't told again.", err=True)
        elif decision.answer == "held":
            say(f"schemaregistry: the Slack alert is held back: {MAX_PER_HOUR} in the last hour.", err=True)
        else:
            held = [f"{decision.held:,} alerts before this one were held back"] if decision.held else []
            sent = send(str(self.webhook), message(held))
            with contextlib.suppress(OSError):
                if incidents:
                    (incidents.sent if sent else incidents.failed)(incident)


def send(webhook: str, message: dict[str, Any]) -> bool:
    """Send a message and return whether that worked; a failure is reported on stderr."""
    from schemaregistry.alerts import slack

    try:
        slack.send(webhook, message)
    except slack.AlertFailed as failed:
        say(f"schemaregistry: the Slack alert could not be sent ({failed}).", err=True)
        return False
    return True


def _words(loaded: "Loaded") -> list[str]:
    """Return the result of a load: a few words for the title, then details."""
    if loaded.quarantine:
        return ["Rows quarantined", f"handed on: {loaded.rows:,} rows; set aside: {loaded.quarantine}"]
    if loaded.place:
        return ["Loaded with a warning", f"handed on: {loaded.rows:,} rows"]
    return ["Load halted"]
