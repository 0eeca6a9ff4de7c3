"""One page over a gallery, and the same as JSON; nothing here that Python lacks."""

from maskreid.web.app import make_app
from maskreid.web.serve import serve

__all__ = ["make_app", "serve"]
