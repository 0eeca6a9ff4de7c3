"""The OpenAPI document: it holds every path, and requests made up from it never break the server."""

from __future__ import annotations

from collections import Counter
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from starlette.testclient import TestClient

from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.security import Access

EXAMPLES = 25  # of each operation
SHOWN = {"authorization": "Bearer secret"}


def test_nothing_that_is_asked_breaks_the_server(desk: Desk) -> None:
    app = make_app(desk, Access(token="secret", names=("testserver",)))
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app, headers=SHOWN)
    asked: Counter[str] = Counter()
    for operation in schema.get_all_operations():
        strategy = operation.ok().as_strategy()

        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(case=strategy)
        def ask(case: Any) -> None:
            answer = case.call_and_validate(headers=SHOWN, checks=[not_a_server_error])
            assert answer.status_code not in (401, 403, 421)  # or nothing would have been asked
            asked[f"{case.method} {case.operation.path}"] += 1

        ask()
    assert len(asked) == sum(map(len, app.openapi()["paths"].values()))


def test_the_document_says_what_errors_look_like(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert {path for path in document["paths"] if not path.startswith("/api/")} == set()
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            problem = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}
    answer = client.get("/api/entries/zz")
    assert set(answer.json()) == {"detail"}
