"""The OpenAPI document and the page made of it."""

import re
from typing import Any

import httpx2
import pytest

from server.api.problems import MEANINGS

pytestmark = pytest.mark.anyio
Json = dict[str, Any]


async def operations(client: httpx2.AsyncClient) -> dict[str, Json]:
    document = (await client.get("/openapi.json")).json()
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


async def test_every_operation_has_a_summary_a_description_a_known_tag_and_an_id_of_its_own(
    shared: httpx2.AsyncClient,
) -> None:
    document = (await shared.get("/openapi.json")).json()
    tags = {tag["name"] for tag in document["tags"]}
    ids = []
    for name, operation in (await operations(shared)).items():
        assert operation["summary"], name
        assert operation["description"], name
        assert set(operation["tags"]) <= tags, name
        ids.append(operation["operationId"])
    assert len(ids) == len(set(ids))


async def test_every_reference_leads_somewhere(shared: httpx2.AsyncClient) -> None:
    response = await shared.get("/openapi.json")

    references = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', response.text))
    assert "RunDetail" in references
    assert references <= set(response.json()["components"]["schemas"])


async def test_every_answer_has_a_model_and_every_error_is_a_problem_document(shared: httpx2.AsyncClient) -> None:
    for name, operation in (await operations(shared)).items():
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert answer["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }, name
                assert answer["description"] == MEANINGS[int(status)]
            elif status != "204":
                assert all(media["schema"] for media in answer["content"].values()), name


async def test_what_needs_the_token_says_so(shared: httpx2.AsyncClient) -> None:
    for name, operation in (await operations(shared)).items():
        is_guarded = "/api/v1/" in name or name == "get /metrics"
        assert ("security" in operation) == is_guarded
        assert ("401" in operation["responses"]) == is_guarded


async def test_requests_have_examples(shared: httpx2.AsyncClient) -> None:
    document = (await shared.get("/openapi.json")).json()

    assert document["components"]["schemas"]["NewRun"]["examples"]
    assert document["components"]["schemas"]["Problem"]["properties"]["type"]["examples"]


async def test_the_page_tells_of_every_operation_and_schema_and_runs_no_script(shared: httpx2.AsyncClient) -> None:
    document = (await shared.get("/openapi.json")).json()
    page = (await shared.get("/docs")).text

    for operation in (await operations(shared)).values():
        assert f'id="{operation["operationId"]}"' in page
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(re.findall(r'id="([^"]+)"', page))
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
