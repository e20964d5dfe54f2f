"""A CI's OIDC issuer on loopback: HTTPS, a discovery document, a key set that can change, and tokens by its keys."""

import json
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, RSAKey

from tests.support.forged_tokens import PrivateKey, by, token

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"

Answer = tuple[int, dict[str, str], bytes]

GITHUB: dict[str, Any] = {
    "sub": "repo:acme/ticks:environment:production",
    "repository": "acme/ticks",
    "repository_id": "1001",
    "repository_owner_id": "2002",
    "ref": "refs/heads/main",
    "sha": "a" * 40,
    "environment": "production",
    "event_name": "push",
    "runner_environment": "github-hosted",
    "job_workflow_ref": "acme/ticks/.github/workflows/publish.yaml@refs/heads/main",
    "run_id": "77",
}
"""The claims of a job of GitHub that a policy allows."""


class OidcIssuer:
    """The issuer at `url`. `keys` are those it publishes, by `kid`; `answers` replaces what a path answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, PrivateKey] = {"rsa": RSA, "ec": EC}
        self.more_keys: list[object] = []
        self.answers: dict[str, Callable[[], Answer]] = {}
        self.asked: list[tuple[str, str]] = []
        """Each request's path, and its Authorization."""

    def answer(self, path: str) -> Answer:
        if path in self.answers:
            return self.answers[path]()
        if path == DISCOVERY:
            return json_answer({"issuer": self.url, "jwks_uri": self.url + KEYS})
        if path == KEYS:
            return json_answer({"keys": [*(public_jwk(kid, key) for kid, key in self.keys.items()), *self.more_keys]})
        return 404, {}, b""

    def token(self, kid: str = "rsa", key: PrivateKey | None = None, **claims: object) -> str:
        """A token like GitHub's with these claims in place of its own; None leaves a claim out."""
        key = key or self.keys[kid]
        alg = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
        return token({"alg": alg, "typ": "JWT", "kid": kid}, self.claims(**claims), by(key))

    def claims(self, **claims: object) -> dict[str, object]:
        now = int(time.time())
        times = {"iat": now, "nbf": now - 600, "exp": now + 300}
        usual = {**GITHUB, **times, "iss": self.url, "aud": "https://exchanger.test", "jti": str(uuid.uuid4())}
        return {name: value for name, value in {**usual, **claims}.items() if value is not None}


def json_answer(value: object) -> Answer:
    return 200, {"content-type": "application/json"}, json.dumps(value).encode()


def public_jwk(kid: str, key: PrivateKey) -> dict[str, object]:
    public = key.public_key()
    made = RSAKey.import_key(public) if isinstance(public, rsa.RSAPublicKey) else ECKey.import_key(public)
    return {**made.as_dict(), "kid": kid, "use": "sig"}


@contextmanager
def running(tls: Path) -> Iterator[OidcIssuer]:
    """Run an issuer with the certificate `server.pem` in `tls`."""
    issuer = OidcIssuer("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append((self.path, self.headers.get("authorization", "")))
            status, headers, body = issuer.answer(self.path)
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing of callers that leave, which is what the bounds are for."""

    server = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls / "server.pem", tls / "server-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    issuer.url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
