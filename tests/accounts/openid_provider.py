"""A little OpenID provider of the tests' own: a process on the loopback interface, with signed ID tokens.

`POST /next` says who will sign in and how it will misbehave; `GET /authorize` signs that person in without asking. It
checks what a provider checks: client, redirect address, PKCE, and that a code is used once.
"""

import base64
import hashlib
import json
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET, REDIRECT = "flagsite", "the client's secret", "http://testserver/admin/sign-in/oidc/callback/"
KEY, STRANGER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))

state: dict[str, Any] = {"next": {}, "codes": {}, "tokens": {}}


class Provider(BaseHTTPRequestHandler):
    """One request of a browser or of the installation."""

    protocol_version = "HTTP/1.1"

    @property
    def issuer(self) -> str:
        return f"http://{self.headers['Host']}"

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def answer(self, document: Any, status: int = 200, **headers: str) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/.well-known/openid-configuration":
                self.answer(self.configuration())
            case "/keys":
                self.answer({"keys": [{**RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "1"}]})
            case "/authorize":
                self.authorize(query)
            case "/userinfo":
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                self.answer({**state["tokens"][token], **state["next"].get("userinfo", {})})
            case _:
                self.answer({}, 404)

    def configuration(self) -> dict[str, Any]:
        pages = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
        pages |= {"userinfo_endpoint": "userinfo", "jwks_uri": "keys"}
        return {"issuer": self.issuer, **{name: f"{self.issuer}/{page}" for name, page in pages.items()}}

    def authorize(self, query: dict[str, str]) -> None:
        assert (query["client_id"], query["redirect_uri"]) == (CLIENT, REDIRECT)
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        assert "openid" in query["scope"].split()
        sent = {"state": query["state"]}
        if error := state["next"].get("error"):
            sent["error"] = error
        else:
            sent["code"] = secrets.token_urlsafe()
            state["codes"][sent["code"]] = query["code_challenge"]
        self.answer({}, 302, Location=f"{REDIRECT}?{urlencode(sent)}")

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path == "/next":
            state["next"] = json.loads(sent)
            self.answer({})
            return
        form = {name: values[0] for name, values in parse_qs(sent).items()}
        challenge = state["codes"].pop(form["code"], None)
        verified = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if (form["client_id"], form["client_secret"]) != (CLIENT, SECRET) or challenge != verified.decode():
            self.answer({"error": "invalid_grant"}, 400)
            return
        token = secrets.token_urlsafe()
        state["tokens"][token] = state["next"]["claims"]
        self.answer({"access_token": token, "token_type": "Bearer", "expires_in": 300, "id_token": self.id_token()})

    def id_token(self) -> str:
        told = state["next"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, **told["claims"]}
        claims |= told.get("id_token", {})
        match told.get("signed_by", "us"):
            case "nobody":
                return jwt.encode(claims, "", algorithm="none", headers={"kid": "1"})
            case "the client's secret":
                return jwt.encode(claims, SECRET * 2, algorithm="HS256", headers={"kid": "1"})
            case "a stranger":
                return jwt.encode(claims, STRANGER, algorithm="RS256", headers={"kid": "1"})
        return jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "1"})


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
