"""The exchanger's HTTP: `POST /token`, `GET /keys` and `GET /healthz`."""

from dataclasses import dataclass
from typing import Final

from joserfc.jwk import KeySet
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from schemaregistry.errors import RegistryError, Unauthenticated, Unavailable
from schemaregistry_server.exchanger.exchange import ExchangeFacts, Exchanger, SignedToken
from schemaregistry_server.exchanger.exchange_log import ExchangeLog
from schemaregistry_server.exchanger.exchanger_metrics import ExchangerMetrics
from schemaregistry_server.exchanger.oauth_errors import CHALLENGE, OauthRefused, for_error
from schemaregistry_server.exchanger.refusal_lines import RefusalLines
from schemaregistry_server.exchanger.request_limits import RequestLimits
from schemaregistry_server.exchanger.token_form import ACCESS_TOKEN, parse_form
from schemaregistry_server.security.certificate_name import certificate_name
from schemaregistry_server.security.certificates import still_good

MAX_FORM: Final = 16 << 10
"""Bytes of a request's body: the largest token, twice."""

FORM_TYPE: Final = "application/x-www-form-urlencoded"

NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}
"""RFC 6749, section 5.1."""

KEYS_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Answers requests for tokens, logs and counts them."""

    exchanger: Exchanger
    log: ExchangeLog
    limits: RequestLimits
    lines: RefusalLines
    metrics: ExchangerMetrics

    async def token(self, request: Request) -> Response:
        """Answer `POST /token`; what is given has its line in the log before it is sent."""
        facts: ExchangeFacts = {}
        try:
            self.admit(request, facts)
            signed = await self._exchanged(request, facts)
            await self.log.write("exchanged", facts)
        except OauthRefused as refused:
            return await self.refused(refused, facts)
        except RegistryError as error:
            return await self.refused(for_error(error, certificate=facts.get("grant") == "certificate"), facts)
        self.metrics.exchanged(str(facts["grant"]))
        return JSONResponse(
            {
                "access_token": signed.text,
                "issued_token_type": ACCESS_TOKEN,
                "token_type": "Bearer",
                "expires_in": signed.seconds,
            },
            headers=NO_STORE,
        )

    def admit(self, request: Request, facts: ExchangeFacts) -> None:
        """Count a request, before its body is read; raises OauthRefused (RATE_LIMITED)."""
        facts["peer"] = peer = request.client.host if request.client else ""
        self.limits.admit(peer, request.state.peer_certificate or b"")

    async def _exchanged(self, request: Request, facts: ExchangeFacts) -> SignedToken:
        check_headers(request)
        form = parse_form(await read_body(request), self.exchanger.config.audience)
        facts["grant"] = "token" if form.subject_token else "certificate"
        if form.subject_token:
            return await self.exchanger.for_token(form.subject_token, facts)
        name = self.certified(request, form.client_id)
        facts["who"] = name
        return await self.exchanger.for_certificate(name, facts)

    def certified(self, request: Request, client_id: str = "") -> str:
        """The name in the certificate of the connection, which must be `client_id` where that is stated.

        Raises Unauthenticated.
        """
        certificate = request.state.peer_certificate
        if not certificate:
            raise Unauthenticated("The connection has no client certificate.", reason="NO_CERTIFICATE")
        name = certificate_name(certificate)
        still_good(certificate)
        if client_id not in {"", name}:
            raise Unauthenticated("client_id is not the name in the certificate: leave it out.", reason="CLIENT_ID")
        return name

    async def refused(self, refused: OauthRefused, facts: ExchangeFacts) -> Response:
        """Record a refusal, where its line is let through, and make its answer."""
        may, left_out = self.lines.admit(refused.reason, verified="who" in facts)
        why = {"error": refused.error, "reason": refused.reason, "detail": refused.detail}
        try:
            if may:
                await self.log.write("refused", {**facts, **why, "left_out": left_out or ""})
        except Unavailable as error:
            refused = for_error(error, certificate=False)
        self.metrics.refused(str(facts.get("grant", "")), refused.reason)
        headers = dict(NO_STORE)
        if refused.http_status == 401:
            headers["www-authenticate"] = CHALLENGE
        if refused.retry_after:
            headers["retry-after"] = str(refused.retry_after)
        body = {"error": refused.error, "error_description": refused.description, "reason": refused.reason}
        return JSONResponse(body, refused.http_status, headers)


def app(endpoint: TokenEndpoint, published: KeySet, *more: Route) -> Starlette:
    """The ASGI app; `published` are the public keys that `GET /keys` answers, `more` further routes."""
    keys = published.as_dict()

    def key_set(_: Request) -> Response:
        headers = {"cache-control": f"public, max-age={KEYS_SECONDS}"}
        return JSONResponse(keys, headers=headers, media_type="application/jwk-set+json")

    def health(_: Request) -> Response:
        return PlainTextResponse("ok\n", headers=NO_STORE)

    def other(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        reason = "NO_SUCH_METHOD" if error.status_code == 405 else "NO_SUCH_PATH"
        said = {"error": "invalid_request", "error_description": f"{error.detail}.", "reason": reason}
        return JSONResponse(said, error.status_code, dict(error.headers or {}))

    made = Starlette(
        routes=[
            Route("/token", endpoint.token, methods=["POST"]),
            Route("/keys", key_set, methods=["GET"]),
            Route("/healthz", health, methods=["GET"]),
            *more,
        ],
        exception_handlers={HTTPException: other},
    )
    made.router.redirect_slashes = False  # a redirect would have the token sent a second time
    return made


def check_headers(request: Request) -> None:
    """Raise OauthRefused where a request isn't one of a form in its body."""
    if request.url.query:
        # A token in an address ends in the logs of proxies.
        raise OauthRefused("invalid_request", "QUERY", "The fields are sent in the body, and none in the address.")
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != FORM_TYPE or parameters.strip().lower() not in {"", "charset=utf-8"}:
        raise OauthRefused("invalid_request", "CONTENT_TYPE", f"Content-Type must be {FORM_TYPE}.")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise OauthRefused("invalid_request", "CONTENT_ENCODING", "The body must not be compressed.")


async def read_body(request: Request) -> bytes:
    """The request's body; raises OauthRefused where it is too large or not whole."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_FORM:
                raise OauthRefused("invalid_request", "TOO_LARGE", f"The body may have {MAX_FORM:,} bytes.", status=413)
    except ClientDisconnect:
        raise OauthRefused("invalid_request", "INCOMPLETE", "The body did not come whole.") from None
    return bytes(body)
