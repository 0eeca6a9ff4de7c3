"""A server for one gallery, in this process."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress
from urllib.parse import quote

from maskreid.errors import MaskreidError
from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.security import Access, is_loopback, is_private


def serve(
    desk: Desk,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    names: tuple[str, ...] = (),
) -> None:
    """Answer until this is interrupted; print the address to open.

    Args:
        desk: a gallery and its model.
        host: the address to listen on.
        port: likewise; 0 takes a free one.
        token: what visitors must show; if there is none, one is made up where other machines can reach ``host`` or
            have one of ``names`` for it.
        names: by which the server may be called besides its address.

    Raises:
        MaskreidError: the address cannot be listened on.
    """
    import uvicorn

    if not token and not is_private(host, names):
        token = secrets.token_urlsafe(24)
    app = make_app(desk, Access(host, token, names))
    listening = _listen(host, port)
    try:
        number = listening.getsockname()[1]
        here = is_loopback(host)
        shown = names[0] if names and not here else f"[{host}]" if ":" in host else host
        shown_token = f"?token={quote(token, safe='')}" if token else ""
        print(f"open http://{shown}:{number}/{shown_token} (Ctrl-C stops)", flush=True)
        if here:  # only a proxy's names then, which has a port of its own
            for name in names:
                print(f"others, through the proxy: https://{name}/{shown_token}", flush=True)
        config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=3)
        with suppress(KeyboardInterrupt):  # the way to stop it, and no failure
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MaskreidError(
            f"{host}:{port}: cannot listen there ({reason}); give another --port, or 0 for a free one"
        ) from None
    # asyncio does so for its own sockets only; without, each answer waits 40 ms for the visitor's acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
