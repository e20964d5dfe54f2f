"""Match a request's path to the app that answers it, by templates of literal segments and `{field}`.

The path is split as it was sent and each segment decoded afterwards, so that `%2f` within an id is no slash (RFC 3986,
section 2.2). A path that no template matches is answered with a problem, never with a redirect, which would have to
trust the Host header.
"""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from schemaregistry.errors import NotFound, Unimplemented
from schemaregistry_server.transport.problems import problem

Answers = Mapping[str, ASGIApp]
"""The apps of one path by HTTP method; HEAD is answered by the one of GET."""


class Paths:
    """An ASGI app that calls the app of the matching template.

    The scope then has the path's fields in `path_params`, and the template in `route`.

    A path may match several templates (`/schema/{id}/{version}` and `/schema/{id}/consumers`): of those that answer the
    method, the one with more literal segments does.
    """

    def __init__(self, templates: Mapping[str, Answers]) -> None:
        self._templates: dict[int, list[tuple[list[str], Answers, str]]] = {}
        for path, answers in templates.items():
            segments = path.split("/")
            self._templates.setdefault(len(segments), []).append((segments, answers, path))
        for same_length in self._templates.values():
            same_length.sort(key=lambda template: sum(segment.startswith("{") for segment in template[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope)(scope, receive, send)

    def _app(self, scope: Scope) -> ASGIApp:
        segments = scope["raw_path"].decode("latin-1").split("/")
        # The app answers HEAD as GET, and uvicorn drops the body.
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        allowed: set[str] = set()
        for template, answers, path in self._templates.get(len(segments), ()):
            fields = _fields(template, segments)
            if fields is None:
                continue
            if method in answers:
                scope["path_params"] = fields
                scope["route"] = path
                return answers[method]
            allowed |= answers.keys()
        return _not_allowed(scope, allowed) if allowed else _nothing_at(scope["path"])


def _fields(template: list[str], segments: list[str]) -> dict[str, str] | None:
    """The fields of a path that matches the template, else None; an empty segment matches no field."""
    fields = {}
    for expected, segment in zip(template, segments, strict=True):
        text = unquote(segment) if "%" in segment else segment
        if expected.startswith("{") and text:
            fields[expected[1:-1]] = text
        elif expected != text:
            return None
    return fields


def _not_allowed(scope: Scope, methods: set[str]) -> ASGIApp:
    allowed = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
    message = f"{scope['path']} answers {allowed} only, not {scope['method']}."
    answer = problem(Unimplemented(message, reason="NO_SUCH_METHOD"), HTTPStatus.METHOD_NOT_ALLOWED)
    answer.headers["allow"] = allowed
    return answer


def _nothing_at(path: str) -> ASGIApp:
    if len(path) > 1 and path.endswith("/"):
        message = f"No such path: {path}. Leave out the slash at its end."
    else:
        message = f"No such path: {path}. Try /schemas or /schema/{{id}}."
    return problem(NotFound(message, reason="NO_SUCH_PATH"))
