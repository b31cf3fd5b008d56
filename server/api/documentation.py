"""The interface's description for people: the OpenAPI document as one page without script."""

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from server.api.assets import look, static_url

METHODS = ("get", "post", "put", "patch", "delete")
HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} interface</title>
<link rel="icon" href="{icon}" type="image/svg+xml">
<link rel="stylesheet" href="{tokens}">
<link rel="stylesheet" href="{styles}">
</head>
<body>
<main>
"""

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def show_documentation(request: Request) -> HTMLResponse:
    """Every operation and every schema of /openapi.json."""
    return HTMLResponse("".join(_page(request.app.openapi())), headers={"Cache-Control": "no-cache"})


def _page(document: dict[str, Any]) -> Iterator[str]:
    info, version = document["info"], look()
    yield HEAD.format(
        title=escape(info["title"]),
        icon=static_url(version, "favicon.svg"),
        tokens=static_url(version, "styles/tokens.css"),
        styles=static_url(version, "documentation.css"),
    )
    yield f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>"
    yield _text(info["description"])
    yield '<p>For programs: <a href="/openapi.json">/openapi.json</a></p>'
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>{_text(tag['description'])}"
        for path, operations in document["paths"].items():
            for method in METHODS:
                if tag["name"] in operations.get(method, {}).get("tags", []):
                    yield from _operation(method, path, operations[method])
    yield "<h2>Schemas</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f'<section id="{escape(name)}"><h3>{escape(name)}</h3>{_text(schema.get("description", ""))}'
        yield from _fields(schema)
        yield "</section>"
    yield "</main></body></html>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f'<section id="{escape(operation["operationId"])}">'
    yield f"<h3><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</h3>"
    yield _text(operation.get("description", ""))
    if operation.get("parameters"):
        rows = [(each["name"], each["in"], each["schema"], each) for each in operation["parameters"]]
        yield _table((f"{name} ({place})", _kind(schema), _about(schema, whole)) for name, place, schema, whole in rows)
    if "requestBody" in operation:
        for media, content in operation["requestBody"]["content"].items():
            yield f"<p>Body: {_kind(content['schema'])} <small>{escape(media)}</small></p>"
    yield _table(
        (status, _answer(answer), escape(answer["description"])) for status, answer in operation["responses"].items()
    )
    yield "</section>"


def _answer(response: dict[str, Any]) -> str:
    contents = response.get("content", {}).items()
    return "<br>".join(f"{_kind(content['schema'])} <small>{escape(media)}</small>" for media, content in contents)


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    properties = schema.get("properties")
    if properties:
        required = set(schema.get("required", []))
        yield _table(
            (name + ("" if name in required else "?"), _kind(field), _about(field, field))
            for name, field in properties.items()
        )
    elif "enum" in schema:
        yield f"<p>{_kind(schema)}</p>"


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words, as HTML."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return " | ".join(_kind(choice) for choice in schema[joined])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(choice))}</code>" for choice in schema["enum"])
    if "const" in schema:
        return f"<code>{escape(str(schema['const']))}</code>"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return escape(str(schema.get("format") or schema.get("type", "any")))


def _about(schema: dict[str, Any], whole: dict[str, Any]) -> str:
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "≥"), ("exclusiveMinimum", ">")) if key in schema]
    limits += [f"{word} {schema[key]}" for key, word in (("maximum", "≤"), ("exclusiveMaximum", "<")) if key in schema]
    if schema.get("default") is not None:
        limits.append(f"default {schema['default']}")
    return escape(" ".join(filter(None, [whole.get("description", ""), f"({', '.join(limits)})" if limits else ""])))


def _table(rows: Any) -> str:
    cells = "".join(f"<tr><th>{head}</th><td>{kind}</td><td>{about}</td></tr>" for head, kind, about in rows)
    return f'<div class="scroll"><table>{cells}</table></div>'


def _text(text: str) -> str:
    """Paragraphs; words in backticks as code."""
    paragraphs = [escape(part.strip()).split("`") for part in text.split("\n\n") if part.strip()]
    return "".join(
        "<p>" + "".join(f"<code>{word}</code>" if place % 2 else word for place, word in enumerate(words)) + "</p>"
        for words in paragraphs
    )
