"""Who may ask: the right host, the right page, a token, and a body that is not too large."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maskreid.errors import MaskreidError

MEBIBYTE = 1 << 20
COOKIE = "maskreid-"  # and a mark of the token: browsers keep cookies by host, which may serve several galleries
# No inline scripts or styles, nothing from elsewhere, and nobody may frame the page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
PUBLIC = "/static/"  # the package's own files: what a page without a token needs to be readable
SAFE = ("GET", "HEAD", "OPTIONS")

Refuse = Callable[[Scope, Receive, Send, int, str], Awaitable[None]]


@dataclass(frozen=True)
class Access:
    """The rules of one server.

    Attributes:
        host: the address it listens on, or a name of it.
        token: what a visitor must show, as a bearer token, a cookie, or once as ``?token=``; None for nobody else's
            machine.
        names: names that the server may be called by besides ``host``, ``localhost`` and addresses, as others do
            through a proxy.
        largest: bytes of a request's body.

    Raises:
        MaskreidError: there is no token, though other machines can reach the address or have a name for it.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    names: tuple[str, ...] = ()
    largest: int = 20 * MEBIBYTE

    @property
    def cookie(self) -> str:
        """The name of the cookie that keeps the token."""
        return COOKIE + hashlib.sha256((self.token or "").encode()).hexdigest()[:8]

    def __post_init__(self) -> None:
        if not self.token and not is_private(self.host, self.names):
            raise MaskreidError(
                f"{', '.join((self.host, *self.names))}: other machines can reach this server; a token is required"
            )
        for name in self.names:
            if ":" in name and not _is_address(name.strip("[]")):
                raise MaskreidError(f"name {name}: expected a host name alone, such as gallery.example")

    def allows_host(self, host: str) -> bool:
        """Whether a Host header is of this server.

        An address that only this machine reaches is called by that address or ``localhost``: a page elsewhere whose
        name was pointed at it (DNS rebinding) says another name. Elsewhere any address too, but only known names.
        """
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in {each.casefold() for each in (self.host, *self.names)} or is_loopback(name):
            return True
        return not is_loopback(self.host) and _is_address(name)


def is_private(host: str, names: tuple[str, ...]) -> bool:
    """Whether only this machine asks a server that listens on ``host`` and is called by ``names``."""
    return all(map(is_loopback, (host, *names)))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware that asks `Access` before anything else runs, and sets the headers of every answer."""

    def __init__(self, app: ASGIApp, access: Access, refuse: Refuse) -> None:
        self.app, self.access, self.refuse = app, access, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded = bool(self.access.token) and not scope["path"].startswith(PUBLIC)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
                answer.setdefault("cache-control", "no-store")
            await send(message)

        if not self.access.allows_host(headers.get("host", "")):
            await self.refuse(scope, receive, sending, 421, "this server is not called by that name (Host header)")
        elif _from_elsewhere(headers, safe=scope["method"] in SAFE):
            await self.refuse(scope, receive, sending, 403, "a page of another site sent this; nothing was done")
        elif guarded and self._matches(dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token")):
            await self._remember(scope, receive, sending)  # known or not: no page takes it as a parameter
        elif guarded and not self._known(scope, headers):
            text = "a token is required: open the address that maskreid serve printed"
            await self.refuse(scope, receive, sending, 401, text)
        else:
            await self.app(scope, self._limited(receive, headers), sending)

    def _known(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # The header's bytes, which are UTF-8 where the token has other letters than ASCII's.
        if scheme.lower() == "bearer" and self._matches(given.encode("latin-1").strip(b" \t")):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self.access.cookie)
        except CookieError:
            return False
        return cookie is not None and self._matches(unquote(cookie.value))

    def _matches(self, given: str | bytes | None) -> bool:
        shown = given if isinstance(given, bytes) else (given or "").encode(errors="replace")
        return hmac.compare_digest(shown, (self.access.token or "").encode())

    async def _remember(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the token in a cookie that scripts cannot read, and take it out of the address."""
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        rest = urlencode([(name, value) for name, value in query if name != "token"])
        # One slash only: "//elsewhere" would be an address of another server.
        answer = RedirectResponse("/" + scope["path"].lstrip("/\\") + (f"?{rest}" if rest else ""), 303)
        # Lax, since a link to a search may stand in a mail; what changes anything is refused from elsewhere anyway.
        kept = quote(self.access.token or "", safe="")
        private = scope["scheme"] == "https"
        answer.set_cookie(self.access.cookie, kept, httponly=True, samesite="lax", secure=private)
        await answer(scope, receive, send)

    def _limited(self, receive: Receive, headers: Headers) -> Receive:
        """Return ``receive`` that stops at the limit, after what was announced has been read and forgotten.

        A browser shows no answer while it is still sending, so up to eight times the limit is read.
        """
        limit, taken = self.access.largest, 0
        announced = headers.get("content-length", "0")
        announced_size = int(announced) if announced.isdecimal() else 0

        async def receiving() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit or announced_size > limit:
                while message.get("more_body") and taken <= 8 * limit:
                    message = await receive()
                    taken += len(message.get("body", b""))
                raise HTTPException(
                    413, f"too large: {limit // MEBIBYTE} MB are taken at a time; send smaller images"
                )
            return message

        return receiving


def _from_elsewhere(headers: Headers, *, safe: bool) -> bool:
    """Whether a browser says that a page of another site sends this; programs say nothing.

    What is ``safe`` may be a link that somebody follows, but nothing that another page fetches or shows.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return not (safe and followed)
    if safe:
        return False
    origin = headers.get("origin")
    try:
        return origin is not None and urlsplit(origin).netloc != headers.get("host")
    except ValueError:  # no address
        return True
