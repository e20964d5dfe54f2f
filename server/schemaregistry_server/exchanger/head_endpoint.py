"""The exchanger's `POST /heads`: sign the heads of an audit for those who may ask, so that a copy of them counts."""

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from schemaregistry.errors import InvalidArgument, PermissionDenied, RegistryError
from schemaregistry_server.exchanger.exchange import ExchangeFacts
from schemaregistry_server.exchanger.oauth_errors import OauthRefused, for_error
from schemaregistry_server.exchanger.token_endpoint import NO_STORE, TokenEndpoint, check_headers, read_body
from schemaregistry_server.exchanger.token_form import read_fields
from schemaregistry_server.security.head_signature import HeadSummary, read_summary, sign_head


@dataclass(frozen=True, slots=True)
class HeadEndpoint:
    """Answers requests for signatures; it has the key, the log and the revoked names of `tokens`.

    It signs what it is told, at its own time: the name of who told it is in the log.
    """

    tokens: TokenEndpoint

    async def heads(self, request: Request) -> Response:
        """Answer `POST /heads`; what is signed has its line in the log before it is sent."""
        facts: ExchangeFacts = {}
        exchanger = self.tokens.exchanger
        try:
            self.tokens.admit(request, facts)
            summary = await self._asked(request, facts)
            signed = sign_head(summary, exchanger.key, exchanger.config.name, exchanger.clock())
            await self.tokens.log.write("head", {**facts, **asdict(summary)})
        except OauthRefused as refused:
            return await self.tokens.refused(refused, facts)
        except RegistryError as error:
            return await self.tokens.refused(for_error(error, certificate=True), facts)
        self.tokens.metrics.exchanged("head")
        return JSONResponse({"signed": signed}, headers=NO_STORE)

    async def _asked(self, request: Request, facts: ExchangeFacts) -> HeadSummary:
        """The heads to sign, once it is known that the caller may have them signed."""
        facts["grant"] = "head"
        name = self.tokens.certified(request)
        facts["who"] = name
        self.tokens.exchanger.check_revoked(name)
        if name not in self.tokens.exchanger.config.heads:
            raise PermissionDenied("No heads are signed for this certificate.", reason="NOT_ALLOWED")
        check_headers(request)
        fields: dict[str, object] = dict(read_fields(await read_body(request)))
        for count in ("revision", "chains", "records"):
            text = str(fields.get(count, ""))
            if text.isascii() and text.isdecimal() and len(text) < 17:
                fields[count] = int(text)
        try:
            return read_summary(fields)
        except InvalidArgument as wrong:
            raise OauthRefused("invalid_request", wrong.reason, wrong.message) from None
