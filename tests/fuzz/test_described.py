"""The running server held against its own description: no 5xx, no answer off the schema, whatever is sent.

``FUZZ_EXAMPLES`` sets how many requests each operation gets (``make fuzz`` sends many more than ``make test``): half of
them fit the description, half do not, and of both most name models, files and pictures that there are.
"""

import os
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from openhearth.core.picture_tools import Tool
from openhearth.surfaces.openapi import document
from openhearth.surfaces.openapi.operation import FORM
from tests.fuzz.conftest import LINES, MODELS, PATIENCE_S, Place, files, fresh

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
KEYS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
TARGETS = "/admin/v1/targets"
CHANNELS = "/api/channel"
MANY = 100
FILES = {"image": "picture", "mask": "picture", "voices": "recording", "file": "document"}
KINDS = ("picture", "recording", "document")
TOOLS = {"/aitools/v1/images": ("task",), "/aitools/v1/images/edits": ("model",)}
SMALL_SIZES = ("64x64", "auto", "96x48")

pytestmark = [pytest.mark.timeout(3600), pytest.mark.filterwarnings("default")]


def _operations() -> dict[str, Any]:
    for kind in KINDS:
        schemathesis.openapi.format(kind, st.just(kind) | st.just(kind) | st.text(min_size=1))
    described: Any = schemathesis.openapi.from_dict(document())
    return {found.ok().label: found.ok() for found in described.get_all_operations()}


OPERATIONS = _operations()
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_no_answer_is_off_the_description(label: str, place: Place) -> None:
    operation = OPERATIONS[label]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=EXAMPLES < MANY,  # many are new ones each time, few are the same everywhere
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, pick=st.sampled_from(range(4096)))
    def every(case: Any, pick: int) -> None:
        _send(case, pick, place)

    every()


def _send(case: Any, pick: int, place: Place) -> None:
    if pick % 5 != 3:
        _name_what_there_is(case, pick // 5, place)
    _small(case)
    try:
        asked = case.as_transport_kwargs(base_url=place.server.url)
        if pick % 7 != 3:
            asked["headers"] = {name: asked["headers"][name] for name in asked["headers"] if name.lower() not in KEYS}
            asked["headers"]["authorization"] = f"Bearer {place.server.key}"
        answer = place.client.request(**asked, timeout=PATIENCE_S)
    except (requests.exceptions.InvalidHeader, UnicodeEncodeError):
        return
    checks = [not_a_server_error, content_type_conformance]
    if LINES not in case.path or answer.status_code != 200:
        checks.append(response_schema_conformance)
    case.validate_response(answer, checks=checks)
    _tidy(case, answer, place)


def _name_what_there_is(case: Any, pick: int, place: Place) -> None:
    """Models, ids, files and addresses in place of made-up ones."""
    known = fresh(place) if case.method == "DELETE" else place.known
    for name in case.path_parameters or {}:
        if name in known:
            case.path_parameters[name] = _one(known[name], pick)
    body = case.body
    if not isinstance(body, dict):
        return
    models = MODELS.get(case.path)
    if models and "{" not in case.path:
        body["model"] = _one(models, pick)
    if "prompt" in body and "images" in case.path and pick % 2:
        body["prompt"] = "make it black and white"
    for name in TOOLS.get(case.path, ()):
        body[name] = _one(list(Tool), pick)
    kind = "recording" if "/audio/" in case.path or "speech" in case.path else None
    if case.media_type == FORM:
        for name in set(body) & set(FILES):
            body[name] = files()[kind or ("picture" if "images" in case.path else FILES[name])][1]
    else:
        case.body = _with_addresses(body, pick, place)


def _with_addresses(value: Any, pick: int, place: Place) -> Any:
    """``value`` with the words that stand for a picture, recording or document turned to one that there is."""
    if isinstance(value, dict):
        return {name: _with_addresses(inner, pick, place) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_addresses(inner, pick, place) for inner in value]
    return _one(place.known[value], pick) if isinstance(value, str) and value in KINDS else value


def _small(case: Any) -> None:
    """Short answers and small pictures: what is tried here is the form, not the stamina of a model."""
    body = case.body
    if not isinstance(body, dict):
        return
    if "messages" in body or "prompt" in body:
        body.update(max_tokens=2, n=1)
    if "image" in case.path and isinstance(body.get("size"), str):
        body["size"] = _one(SMALL_SIZES, len(body["size"]))


def _tidy(case: Any, answer: Any, place: Place) -> None:
    """A target that was attached would take calls of other tests, and a model that was bound would refuse them."""
    if case.path == CHANNELS and case.method == "POST" and answer.json()["success"]:
        made = answer.json()["data"]
        for channel in made if isinstance(made, list) else [made]:
            place.client.delete(f"{place.server.url}{CHANNELS}/{channel['id']}", timeout=PATIENCE_S)
    if case.path == TARGETS and answer.status_code == 201:
        place.client.delete(f"{place.server.url}{TARGETS}/{answer.json()['id']}", timeout=PATIENCE_S)
    if case.method == "PUT" and case.path.endswith("/allowance") and answer.status_code == 200:
        place.client.delete(answer.url, timeout=PATIENCE_S)


def _one(values: Any, pick: int) -> Any:
    return values[pick % len(values)]
