"""The generated reference page of the HTTP API, from its OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from fastapi import FastAPI

from ingest.api import v1


def page() -> str:
    """The text of docs/reference/api.md."""
    app = FastAPI()
    app.include_router(v1.router())
    return "\n".join(_lines(app.openapi())) + "\n"


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield "# HTTP API"
    yield ""
    yield "Made from the OpenAPI document by `kwhouse docs`; a running API gives that at `/openapi.json`, with the"
    yield "shapes of requests and answers. [How to use it](../how-to/api.md). What a query must have is bold."
    operations = [
        (operation["tags"][0], method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for tag, of_tag in groupby(operations, key=lambda one: one[0]):
        yield ""
        yield f"## {tag[0].upper()}{tag[1:]}"
        yield ""
        yield "| request | what | scope | query |"
        yield "| --- | --- | --- | --- |"
        for _, method, path, operation in of_tag:
            yield f"| `{method} {path}` | {operation['summary']} | {_scopes(operation)} | {_query(operation)} |"


def _scopes(operation: dict[str, Any]) -> str:
    named = {scope for scheme in operation["security"] for scopes in scheme.values() for scope in scopes}
    return ", ".join(f"`{scope}`" for scope in sorted(named))


def _query(operation: dict[str, Any]) -> str:
    given = (one for one in operation.get("parameters", ()) if one["in"] == "query")
    return ", ".join(f"**`{one['name']}`**" if one["required"] else f"`{one['name']}`" for one in given)
