"""Where the token comes from that an exchanger takes: a file, a variable, or GitHub's server of tokens.

It is the token that a CI (or Kubernetes) signed for this job. Each is good for one exchange.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from schemaregistry.client.bearer import is_token
from schemaregistry.client.bounded_request import HttpTrust, send
from schemaregistry.errors import InvalidArgument, Unauthenticated

VARIABLE: Final = "SCHEMAREGISTRY_SUBJECT_TOKEN"
GITHUB_URL: Final = "ACTIONS_ID_TOKEN_REQUEST_URL"
GITHUB_TOKEN: Final = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"  # noqa: S105 (a name)

_MOST_BYTES: Final = 64 << 10


class SubjectTokens(Protocol):
    """A source of tokens to exchange."""

    def read(self) -> str:
        """Return a token. Raises Unauthenticated, Unavailable or InvalidArgument where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class SubjectTokenFile:
    """A file, read for each exchange: whoever writes it (Kubernetes, say) replaces the token before it ends."""

    path: Path

    def read(self) -> str:
        """Return the file's text. Raises InvalidArgument (reason SUBJECT_TOKEN), naming the file."""
        try:
            with self.path.open("rb") as file:
                text = file.read(_MOST_BYTES).decode("latin-1").strip()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            message = f"can't read {self.path} ({why}): name the file with your CI's token (--subject-token-file)"
            raise InvalidArgument(message, reason="SUBJECT_TOKEN") from None
        return _checked(text, f"the file {self.path}")


@dataclass(frozen=True, slots=True)
class SubjectTokenVariable:
    """The variable SCHEMAREGISTRY_SUBJECT_TOKEN, for which GitLab's `id_tokens` can be written."""

    def read(self) -> str:
        """Return its value. Raises InvalidArgument (reason SUBJECT_TOKEN)."""
        return _checked(os.environ.get(VARIABLE, "").strip(), f"the variable {VARIABLE}")


@dataclass(frozen=True, slots=True)
class GitHubTokens:
    """GitHub's own server, which gives a job with `id-token: write` a new token, for `audience`, each time."""

    audience: str

    def read(self) -> str:
        """Return a new token. Raises Unauthenticated (reason GITHUB_TOKEN) where GitHub gives none, or Unavailable."""
        url = os.environ.get(GITHUB_URL, "")
        asked = f"{url}{'&' if '?' in url else '?'}audience={quote(self.audience, safe='')}"
        bearer = os.environ.get(GITHUB_TOKEN, "")
        if not is_token(bearer):
            raise _github(f"{GITHUB_TOKEN} is empty")
        answer = send(asked, "GitHub's server of tokens", HttpTrust(), headers={"authorization": f"Bearer {bearer}"})
        text = answer.body.get("value")
        if answer.status != 200 or not isinstance(text, str) or not is_token(text):
            raise _github(f"its answer is {answer.status}" + (" without a token" if answer.status == 200 else ""))
        return text


def find(
    file: Path | None, audience: str, exchanger: str, environment: Mapping[str, str] = os.environ
) -> SubjectTokens | None:
    """Return the first that there is: `file`, SCHEMAREGISTRY_SUBJECT_TOKEN, GitHub's server; None without any.

    GitHub's tokens are for `audience`, or where that is empty for the exchanger's address.
    """
    if file is not None:
        return SubjectTokenFile(file)
    if environment.get(VARIABLE):
        return SubjectTokenVariable()
    return GitHubTokens(audience or exchanger.rstrip("/")) if environment.get(GITHUB_URL) else None


def _checked(text: str, place: str) -> str:
    if is_token(text):
        return text
    message = f"{place} has no token: one word of letters, digits and -._~+/ is expected, as your CI signs it"
    raise InvalidArgument(message, reason="SUBJECT_TOKEN")


def _github(why: str) -> Unauthenticated:
    message = f"GitHub gives this job no token ({why}): state `permissions: id-token: write` for the job"
    return Unauthenticated(message, reason="GITHUB_TOKEN")
