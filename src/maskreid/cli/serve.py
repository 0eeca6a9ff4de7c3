"""``maskreid serve``: a page to search a gallery with."""

from __future__ import annotations

from typing import Annotated

import typer

from maskreid.cli.common import DeviceOption, device_of, refuse_surplus
from maskreid.cli.gallery.common import GalleryArgument, ModelOption
from maskreid.errors import MaskreidError


def serve(
    gallery: GalleryArgument,
    host: Annotated[
        str, typer.Option(help="Address to listen on. Any that other machines reach requires a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="MASKREID_TOKEN",
            help="What visitors must show. [default: none where only this machine can ask, else made up and printed]",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name that others call the server by, such as that of a proxy; may be repeated."),
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATA",
            help="Where the images lie, to show entries of which no thumbnail was kept; may be repeated.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RUN",
            help="A run, or what evaluate --out wrote, for the page Evaluate; twice: also side by side.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="What the runs were tested on, to show their pictures.", show_default=False
        ),
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = None,
) -> None:
    """Serve a page that searches GALLERY, and the same as JSON (/api/openapi.json)."""
    from maskreid.cli.common import open_data
    from maskreid.gallery import Asker, Gallery

    try:
        from maskreid.web.desk import Desk
        from maskreid.web.runs import Runs
        from maskreid.web.serve import serve as serve_
    except ModuleNotFoundError as error:
        raise MaskreidError(f"the page needs {error.name}; pip install 'maskreid[web]'") from None
    if not run:
        refuse_surplus({"--data": data}, "only a --run shows pictures of DATA")
    opened = Gallery(gallery)
    sources = [open_data(each, anything=True).source for each in images or ()]
    asker = Asker(opened, opened.model(model, device_of(device)))
    runs = Runs(run or (), open_data(data) if data else None)
    serve_(Desk(opened, asker, sources, runs), host=host, port=port, token=token, names=tuple(name or ()))
