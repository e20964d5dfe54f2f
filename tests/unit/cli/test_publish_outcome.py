"""What becomes of one version that is published: refusals of it are outcomes, others end the command."""

import pytest

from schemaregistry.cli.exit_codes import of_all
from schemaregistry.cli.publish_outcome import PublishOutcome, deliver, passed_over
from schemaregistry.document import Document
from schemaregistry.errors import PermissionDenied

DOCUMENT = b'{"$id": "a", "version": "1.0.0", "type": "object"}'


def refusing(reason: str) -> PublishOutcome:
    def register(_: Document) -> PublishOutcome:
        raise PermissionDenied("You may publish b_*, and not a.", reason=reason)

    return deliver(DOCUMENT, register)


def test_an_id_that_the_caller_may_not_publish_is_refused_alone() -> None:
    found = refusing("NOT_YOUR_SCHEMA")
    assert (found.result, found.refused, found.id, found.message) == (
        "refused",
        True,
        "a",
        "You may publish b_*, and not a.",
    )


def test_a_missing_right_is_exit_3_and_a_judgement_1() -> None:
    judged = PublishOutcome("refused", refused=True)
    assert (refusing("NOT_YOUR_SCHEMA").exit_code, judged.exit_code, passed_over(judged).exit_code) == (3, 1, 0)
    assert [of_all(codes) for codes in ([], [0, 0], [0, 3], [3, 1, 0])] == [0, 0, 3, 1]


def test_who_may_publish_nothing_is_told_once() -> None:
    with pytest.raises(PermissionDenied):
        refusing("NOT_A_PUBLISHER")
