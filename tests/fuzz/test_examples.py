"""Every example of the description works as it stands, and its answer is as described."""

from typing import Any

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from openhearth.surfaces.openapi import document
from openhearth.surfaces.openapi.operation import JSON
from tests.fuzz.conftest import LINES, NAMED, PATIENCE_S, Place, local

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("default")]

DESCRIBED: Any = schemathesis.openapi.from_dict(document())
EXAMPLES = [
    (path, method)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    if "example" in operation.get("requestBody", {}).get("content", {}).get(JSON, {})
]


@pytest.mark.parametrize(("path", "method"), EXAMPLES)
def test_an_example_works_as_it_stands(path: str, method: str, place: Place) -> None:
    described = document()["paths"][path][method]
    case = DESCRIBED[path][method.upper()].Case(
        body=local(described["requestBody"]["content"][JSON]["example"], place),
        media_type=JSON,
        path_parameters={name: value for name, value in NAMED.items() if f"{{{name}}}" in path},
    )
    answer = case.call(base_url=place.server.url, session=place.client, timeout=PATIENCE_S)
    assert str(answer.status_code) in described["responses"], answer.content[:500]
    checks = (
        [content_type_conformance] if path.endswith(LINES) else [content_type_conformance, response_schema_conformance]
    )
    case.validate_response(answer, checks=checks)


def test_each_line_of_speech_with_times_is_an_object_of_its_own(place: Place) -> None:
    answer = place.post(f"/elevenlabs/v1/text-to-speech/heart{LINES}", {"text": "Hello. And good bye."})
    schemas = document()["components"]["schemas"]
    check = jsonschema_rs.validator_for({**schemas["TimedSpeech"], "components": {"schemas": schemas}})
    lines = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    assert lines
    for line in lines:
        check.validate(line)
