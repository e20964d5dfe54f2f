"""A bucket of S3 with snapshots: the calls that the commands make to it, and its errors in plain words.

boto3 finds the credentials where it always does: in the environment, in files, from a web identity.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from schemaregistry.errors import (
    DataLoss,
    FailedPrecondition,
    InvalidArgument,
    MissingExtra,
    NotFound,
    PermissionDenied,
    RegistryError,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from schemaregistry_server.ops import snapshot_manifest
from schemaregistry_server.ops.s3_address import S3Address, S3Options

try:
    import boto3
    import botocore.exceptions
    from botocore.config import Config
except ModuleNotFoundError:
    raise MissingExtra(
        "Snapshots in S3 are written and read by boto3: pip install 'schemaregistry[server,s3]'", reason="MISSING_EXTRA"
    ) from None

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ATTEMPTS: Final = 5
"""How often boto3 sends a request before it gives up, with longer and longer waits between."""

SILENCE_SECONDS: Final = 30
"""How long a bucket may send nothing within one answer."""

CREDENTIALS: Final = (
    "Check the credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the web identity), the region "
    "and the endpoint"
)
FULL: Final = "Make room in it, or raise its quota: nothing of this snapshot is kept"

CODES: Final[Mapping[str, tuple[type[RegistryError], str, str]]] = {
    "NoSuchBucket": (NotFound, "there is no such bucket", "Name another, or make it"),
    "NoSuchKey": (DataLoss, "it is not there (any more)", "Choose another snapshot by @TIME"),
    "NoSuchVersion": (DataLoss, "this version of it is not there any more", "Choose another snapshot by @TIME"),
    "404": (DataLoss, "it is not there (any more)", "Choose another snapshot by @TIME"),
    "InvalidAccessKeyId": (Unauthenticated, "the bucket does not know the access key", CREDENTIALS),
    "SignatureDoesNotMatch": (Unauthenticated, "the secret key is not that of the access key", CREDENTIALS),
    "ExpiredToken": (Unauthenticated, "the credentials are no longer valid", CREDENTIALS),
    "InvalidToken": (Unauthenticated, "the session's token is not valid", CREDENTIALS),
    "AccessDenied": (
        PermissionDenied,
        "these credentials may not do this",
        "Give them what docs/snapshots.md lists (s3:PutObject, s3:GetObject, s3:ListBucket, …)",
    ),
    "RequestTimeTooSkewed": (
        Unavailable,
        "the clock here and the bucket's differ by more than it allows",
        "Set the clock of this machine (NTP), and try again",
    ),
    "QuotaExceeded": (ResourceExhausted, "the bucket is full", FULL),
    "InsufficientStorage": (ResourceExhausted, "the bucket is full", FULL),
    "XMinioStorageFull": (ResourceExhausted, "the bucket is full", FULL),
    "PreconditionFailed": (FailedPrecondition, "something of this name is there already", "Nothing was overwritten"),
    "BadDigest": (DataLoss, "other bytes arrived than were sent", "Look at the network between, and try again"),
    "XAmzContentChecksumMismatch": (
        DataLoss,
        "other bytes arrived than were sent",
        "Look at the network between, and try again",
    ),
    "SlowDown": (Unavailable, "the bucket has too much to do", "Try again later"),
    "AuthorizationHeaderMalformed": (Unauthenticated, "the bucket is in another region", CREDENTIALS),
}
"""Codes of S3's errors: what kind of error each one is here, what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Lock:
    """How the objects of a snapshot are locked against removal; `words` say it to a person."""

    words: str = ""
    until: datetime | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What is asked of S3 for each object; nothing where the bucket decides by its own rule."""
        return {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": self.until} if self.until else {}


class Bucket:
    """The bucket at an address. Each method raises one of CODES' errors, naming bucket, key and what to do."""

    def __init__(self, address: S3Address, options: S3Options) -> None:
        self.address = address
        if options.s3_ca and not options.s3_ca.is_file():
            raise InvalidArgument(f"--s3-ca {options.s3_ca}: there is no such file.", reason="TLS_FILES")
        with self.telling():
            self.client: S3Client = _client(options)

    @contextmanager
    def telling(self, key: str = "") -> Iterator[None]:
        """Turn errors of boto3 about `key` into ours."""
        try:
            yield
        except botocore.exceptions.ClientError as refused:
            raise self._refused(key, refused) from refused
        except (
            botocore.exceptions.NoCredentialsError,
            botocore.exceptions.PartialCredentialsError,
            botocore.exceptions.CredentialRetrievalError,
            botocore.exceptions.ProfileNotFound,
            botocore.exceptions.SSOError,
        ) as none:
            raise Unauthenticated(f"{self._at(key)}: {none}. {CREDENTIALS}.", reason="S3_CREDENTIALS") from none
        except botocore.exceptions.SSLError as untrusted:
            raise Unavailable(
                f"{self._at(key)}: the certificate of {self._server} can't be verified ({untrusted.kwargs['error']}). "
                "Name its CA by --s3-ca.",
                reason="S3_AWAY",
            ) from untrusted
        except (
            botocore.exceptions.HTTPClientError,
            botocore.exceptions.ConnectionError,
            botocore.exceptions.IncompleteReadError,
        ) as away:
            raise Unavailable(
                f"{self._at(key)}: {self._server} did not answer, or the connection broke ({_short(away)}). "
                "Check --s3-endpoint and the network, and try again.",
                reason="S3_AWAY",
            ) from away
        except (botocore.exceptions.BotoCoreError, ValueError) as wrong:
            raise InvalidArgument(f"{self._at(key)}: {_short(wrong)}.", reason="BAD_S3") from wrong

    def listed(self) -> list[str]:
        """The keys under the prefix itself, and not those in folders below it."""
        address, found = self.address, list[str]()
        with self.telling():
            pages = self.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=address.bucket, Prefix=f"{address.prefix}snapshot-", Delimiter="/"):
                found += [each["Key"] for each in page.get("Contents", ())]
        return found

    def unfinished(self) -> list[tuple[str, str, datetime]]:
        """The multipart uploads under the prefix that are not complete: key, id and when each was begun."""
        address, found = self.address, list[tuple[str, str, datetime]]()
        with self.telling():
            pages = self.client.get_paginator("list_multipart_uploads")
            for page in pages.paginate(Bucket=address.bucket, Prefix=f"{address.prefix}snapshot-"):
                found += [(each["Key"], each["UploadId"], each["Initiated"]) for each in page.get("Uploads", ())]
        return found

    def abort(self, key: str, upload: str) -> None:
        """Give up a multipart upload: S3 forgets its parts."""
        with self.telling(key):
            self.client.abort_multipart_upload(Bucket=self.address.bucket, Key=key, UploadId=upload)

    def read(self, key: str, most: int) -> bytes:
        """Read a small object whole; raises DataLoss (SNAPSHOT_DAMAGED) where it is larger than `most`."""
        with self.telling(key):
            answer = self.client.get_object(Bucket=self.address.bucket, Key=key)
            if answer["ContentLength"] > most:
                raise self.damaged(key, "it is larger than any manifest")
            return answer["Body"].read()

    def size(self, key: str, version: str = "") -> int:
        """The bytes that an object has, or one version of it; raises DataLoss where it isn't there."""
        with self.telling(key):
            named = {"VersionId": version} if version else {}
            return self.client.head_object(Bucket=self.address.bucket, Key=key, **named)["ContentLength"]  # type: ignore[arg-type]

    def remove(self, key: str) -> None:
        """Delete an object; where the bucket keeps versions, S3 only marks it as deleted."""
        with self.telling(key):
            self.client.delete_object(Bucket=self.address.bucket, Key=key)

    def versions(self) -> bool:
        """Whether the bucket keeps versions of objects; False where the credentials may not know."""
        try:
            with self.telling():
                return self.client.get_bucket_versioning(Bucket=self.address.bucket).get("Status") == "Enabled"
        except PermissionDenied:
            return False

    def lock(self, keep: timedelta | None, now: datetime) -> Lock:
        """How the bucket locks what is written now: by its own rule, or else until it is `keep` old."""
        try:
            with self.telling():
                found = self.client.get_object_lock_configuration(Bucket=self.address.bucket)
        except PermissionDenied:
            return Lock("whether the bucket locks objects is not known (s3:GetBucketObjectLockConfiguration)")
        except RegistryError as none:
            if isinstance(none.__cause__, botocore.exceptions.ClientError) and none.reason in (
                "ObjectLockConfigurationNotFoundError",
                "NotImplemented",
                "InvalidRequest",
            ):
                return Lock()
            raise
        configuration = found.get("ObjectLockConfiguration", {})
        if configuration.get("ObjectLockEnabled") != "Enabled":
            return Lock()
        rule = configuration.get("Rule", {}).get("DefaultRetention", {})
        if rule:
            length = f"{rule['Days']} days" if rule.get("Days") else f"{rule.get('Years')} years"
            return Lock(f"locked for {length} by the bucket's rule ({rule.get('Mode')})")
        if keep is None:
            return Lock("not locked: the bucket has no rule, and there is no --keep")
        until = (now + keep).astimezone(UTC).replace(microsecond=0)
        return Lock(f"locked until {until.isoformat()} (GOVERNANCE)", until)

    def damaged(self, key: str, what: str) -> DataLoss:
        """The error of an object that is not as it was written."""
        return snapshot_manifest.damaged(self.address.url(key), what, {"bucket": self.address.bucket, "key": key})

    @property
    def _server(self) -> str:
        return str(self.client.meta.endpoint_url) if hasattr(self, "client") else "S3"

    def _at(self, key: str) -> str:
        return self.address.url(key)

    def _refused(self, key: str, refused: "botocore.exceptions.ClientError") -> RegistryError:
        error = refused.response.get("Error", {})
        code, said = error.get("Code", "?"), error.get("Message", "")
        status = refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        metadata = {"bucket": self.address.bucket, "key": key, "operation": refused.operation_name}
        if code == "403":  # what a HEAD is refused with: it has no body with a code
            code = "AccessDenied"
        if code not in CODES and status == 507:
            code = "InsufficientStorage"
        if code in CODES:
            kind, what, advice = CODES[code]
            return kind(
                f"{self._at(key)}: {what} ({refused.operation_name}: {code}). {advice}.", reason=code, metadata=metadata
            )
        told = f"{refused.operation_name}: {code}{': ' if said else ''}{said[:200].rstrip('.')}"
        later = " Try again later." if status >= 500 else " See docs/snapshots.md on what a bucket must be able to do."
        return Unavailable(f"{self._at(key)}: the bucket refused ({told}).{later}", reason=code, metadata=metadata)


def _client(options: S3Options) -> "S3Client":
    configuration = Config(
        connect_timeout=10,
        read_timeout=SILENCE_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        # Servers other than Amazon's are seldom reached by a name of their own for each bucket.
        s3={"addressing_style": "path"} if options.s3_endpoint else {},
        # Checksums are our own, SHA-256, and older servers refuse others.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client: S3Client = boto3.session.Session().client(
        "s3",
        endpoint_url=options.s3_endpoint or None,
        verify=str(options.s3_ca) if options.s3_ca else None,
        config=configuration,
    )
    return client


def _short(error: BaseException) -> str:
    return str(error).strip().rstrip(".").replace("\n", " ")[:300]
