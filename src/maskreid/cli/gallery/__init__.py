"""``maskreid gallery``: one file per verb."""

import typer

from maskreid.cli.gallery import add, cluster, create, expire, export, label, list_, remove, search, verify

app = typer.Typer(
    help="A gallery to live with: enrol images, search, say who is who, delete for real, verify, export.",
    no_args_is_help=True,
)
app.command("create")(create.create)
app.command("add")(add.add)
app.command("list")(list_.list_)
app.command("search")(search.search)
app.command("cluster")(cluster.cluster)
app.command("label")(label.label)
app.command("remove")(remove.remove)
app.command("expire")(expire.expire)
app.command("verify")(verify.verify)
app.command("export")(export.export)
