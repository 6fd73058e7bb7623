"""Whatever the description refuses, the server refuses: 4xx, and the error says which field it is."""

import itertools
import json
from collections import defaultdict
from typing import Any

import pytest
import requests

from tests.fuzz.conftest import MODELS, NAMED, PATIENCE_S, Place, files, local
from tests.fuzz.forms import WrongForm, wrong_forms
from tests.fuzz.mutations import Wrong, example_of, wrong_bodies, wrong_queries

pytestmark = [pytest.mark.timeout(600), pytest.mark.filterwarnings("default")]

BODIES: dict[str, list[Wrong]] = defaultdict(list)
for one in wrong_bodies():
    BODIES[one.path].append(one)

FORMS: dict[str, list[WrongForm]] = defaultdict(list)
for form in wrong_forms():
    if form.path != "/fish/model":  # voices are only made by Fish Audio, whatever the form says
        FORMS[form.path].append(form)


@pytest.mark.parametrize("path", sorted(BODIES))
def test_a_wrong_field_is_refused_by_its_name(path: str, place: Place) -> None:
    said = []
    for wrong in BODIES[path]:
        body = local(_with_model(wrong), place)
        answer = place.post(path.format(**NAMED), body)
        complaint = _complaint(answer, wrong.field)
        if complaint:
            said.append(f"{wrong.field}={str(wrong.value)[:40]!r}: {complaint}")
    assert not said, "\n".join(said)


@pytest.mark.parametrize("path", sorted(BODIES))
def test_a_number_beyond_all_bounds_breaks_nothing(path: str, place: Place) -> None:
    """JSON may write it (RFC 8259, section 6); no number type holds it."""
    said = []
    fields = dict.fromkeys(wrong.field for wrong in BODIES[path])
    for field, number in itertools.product([*fields, "nobody_knows_it"], ("1e400", "[-1e400]")):
        body = json.dumps(local({**example_of(path), field: "NUMBER"}, place)).replace('"NUMBER"', number)
        answer = place.client.post(
            place.server.url + path.format(**NAMED),
            data=body,
            headers={"content-type": "application/json"},
            timeout=PATIENCE_S,
        )
        if answer.status_code >= 500:
            said.append(f"{field}={number}: {answer.status_code} {answer.content[:150]!r}")
    assert not said, "\n".join(said)


@pytest.mark.parametrize("path", sorted(FORMS))
def test_a_wrong_field_of_a_form_is_refused_by_its_name(path: str, place: Place) -> None:
    said = []
    kind = "recording" if any(word in path for word in ("audio", "speech", "fish")) else "picture"
    for wrong in FORMS[path]:
        parts: list[tuple[str, Any]] = [(name, (None, text)) for name, text in wrong.texts.items()]
        parts += [(wrong.file, files()[kind])] if wrong.file else []
        parts.append((wrong.field, files()["picture"] if wrong.value is None else (None, wrong.value)))
        answer = place.client.post(place.server.url + path.format(**NAMED), files=parts, timeout=PATIENCE_S)
        complaint = _complaint(answer, wrong.field)
        if complaint:
            said.append(f"{wrong.field}={str(wrong.value)[:40]!r}: {complaint}")
    assert not said, "\n".join(said)


def test_a_wrong_parameter_is_refused_by_its_name(place: Place) -> None:
    said = []
    for method, path, name, value in wrong_queries():
        answer = place.client.request(
            method,
            place.server.url + path.format(**NAMED),
            params=_needed(path, place) | {name: value},
            json=local(example_of(path), place) if method == "post" else None,
            headers=_headers(name, place),
            timeout=PATIENCE_S,
        )
        complaint = _complaint(answer, name)
        if complaint:
            said.append(f"{method} {path}?{name}={value[:40]}: {complaint}")
    assert not said, "\n".join(said)


def _with_model(wrong: Wrong) -> dict[str, Any]:
    """The embedded model by name where the form has one."""
    if wrong.path in MODELS and "{" not in wrong.path and wrong.field != "model":
        return {"model": MODELS[wrong.path][0], **wrong.body}
    return wrong.body


def _needed(path: str, place: Place) -> dict[str, str]:
    """What a route asks for in any case."""
    if path == "/beta/image":
        return {"url": f"{place.server.url}/samples/portrait.jpg"}
    if path == "/admin/v1/costs":
        return {"from": "2026-01-01", "to": "2026-01-02"}
    return {"start_time": "1790000000"} if path.startswith("/v1/organization/") else {}


def _headers(name: str, place: Place) -> dict[str, str]:
    """What makes a family's parameters count."""
    if name.startswith("page"):
        return {"x-goog-api-key": place.server.key}
    return {"anthropic-version": "2023-06-01"} if name in ("limit", "lifecycle") else {}


def _complaint(answer: requests.Response, field: str) -> str:
    """What is wrong with an answer to a request whose ``field`` is wrong; empty when it is as it should be."""
    if not 400 <= answer.status_code < 500:
        return f"{answer.status_code} {answer.content[:150]!r}"
    said = answer.json()
    if '"param"' not in answer.text and f"'{field}'" in answer.text:
        return ""  # a family whose errors have no place for it says it in words
    param = _param(said)
    if (param or "").partition("[")[0].partition(".")[0] != field.partition("[")[0]:
        return f"param {param!r}, {answer.content[:200].decode()}"
    return ""


def _param(said: dict[str, Any]) -> str | None:
    """Where each family's error names the field."""
    holder = next((said[name] for name in ("error", "detail") if isinstance(said.get(name), dict)), said)
    found: str | None = holder.get("param")
    return found
