"""One page over a gallery, and the same as JSON; nothing here that Python lacks.

`maskreid.web.app` makes the application, `maskreid.web.serve` runs it, `maskreid.web.client` asks it from elsewhere.
"""
