"""Have the heads of an audit signed: by a key in a file, or by the exchanger."""

import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from schemaregistry.client.bounded_request import HttpAnswer, HttpTrust, send
from schemaregistry.errors import (
    DataLoss,
    FailedPrecondition,
    InvalidArgument,
    PermissionDenied,
    RegistryError,
    Unauthenticated,
    Unavailable,
)
from schemaregistry_server.ops.audit_head import AuditHead
from schemaregistry_server.security import head_signature, signed_json, token_keys
from schemaregistry_server.security.publishing_token import ALGORITHMS

SHOWN = 200
"""Characters of an answer's words in a message."""


@dataclass(frozen=True, slots=True)
class HeadSigner:
    """The options that name who signs a head; without any it stays unsigned."""

    sign: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Sign by this private key (P-256), such as the exchanger's.")
    ] = None
    issuer: Annotated[str, typer.Option(metavar="NAME", help="Whose --sign is, as the signature says.")] = (
        "schemaregistry"
    )
    exchanger: Annotated[
        str,
        typer.Option(
            metavar="URL", envvar="SCHEMAREGISTRY_EXCHANGER", help="Have it signed there: https://exchanger.prod:8443."
        ),
    ] = ""
    ca: Annotated[
        Path | None, typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_EXCHANGER_CA", help="The exchanger's CA.")
    ] = None
    cert: Annotated[
        Path | None, typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_CERT", help="Your certificate for it.")
    ] = None
    key: Annotated[Path | None, typer.Option(metavar="PEM", envvar="SCHEMAREGISTRY_KEY", help="Its key.")] = None

    def signed(self, head: AuditHead) -> AuditHead:
        """Return the head with a signature, or as it is where no signer is named.

        Raises FailedPrecondition (SIGNING_KEY), or as `send`; PermissionDenied or Unauthenticated where the exchanger
        refuses.
        """
        if self.sign and self.exchanger:
            raise InvalidArgument("Name --sign or --exchanger: one of them signs.", reason="SIGNED_TWICE")
        if self.sign:
            key = token_keys.signing_key(self.sign)
            return replace(head, signed=head_signature.sign_head(head.summary, key, self.issuer, time.time()))
        if self.exchanger:
            return replace(head, signed=self._by_exchanger(head))
        return head

    def _by_exchanger(self, head: AuditHead) -> str:
        form = {name: str(value) for name, value in asdict(head.summary).items()}
        trust = HttpTrust(self.ca, self.cert, self.key)
        answer = send(f"{self.exchanger.rstrip('/')}/heads", "the exchanger", trust, headers={}, form=form)
        signed = answer.body.get("signed")
        if answer.status != 200 or not isinstance(signed, str):
            raise self._refusal(answer)
        _, claims = signed_json.parse_unverified(signed, ALGORITHMS, head_signature.TYPE)
        if claims.get("head") != asdict(head.summary):
            raise DataLoss("The exchanger has signed another head.", reason="HEAD_SIGNATURE")
        return signed

    def _refusal(self, answer: HttpAnswer) -> RegistryError:
        reason, words = str(answer.body.get("reason", "")), str(answer.body.get("error_description", ""))
        if "error" not in answer.body:
            what = f"its answer is {answer.status}, and none of an exchanger's: check its address"
            return Unavailable(f"The exchanger at {self.exchanger} signs no head: {what}.", reason="NO_EXCHANGER")
        message = f"The exchanger at {self.exchanger} signs no head: {words[:SHOWN]} ({reason[:SHOWN]})"
        if answer.status >= 500 or answer.status == 429:
            return Unavailable(message, reason="EXCHANGER_AWAY")
        kind = PermissionDenied if reason in {"NOT_ALLOWED", "REVOKED"} else Unauthenticated
        return kind(message, reason="HEAD_REFUSED")


def signature(kept: AuditHead, key: Path | None) -> tuple[str, dict[str, object]]:
    """Verify a head's signature, where there is a key for it; in words and as JSON."""
    if key is None:
        return "whose signature was not looked at" if kept.signed else "which is not signed", {}
    signed = head_signature.verify_head(kept.signed, token_keys.verifying_keys(key))
    if signed.summary != kept.summary:
        raise FailedPrecondition("The signature is of another head.", reason="HEAD_SIGNATURE")
    at = datetime.fromtimestamp(signed.time, UTC).isoformat(timespec="seconds")
    return f"signed by {signed.issuer} at {at}", {"signed_by": signed.issuer, "signed_at": at}
