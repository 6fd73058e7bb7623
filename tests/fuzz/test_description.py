"""The description names every route, and no route that is not there."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import cohere
import pytest
from openai import types
from openai.types import audio, image_edit_params, image_generate_params
from openai.types.chat import completion_create_params as chat
from starlette.routing import BaseRoute, Route

from openhearth.app.platform import platform
from openhearth.config import Config, Engines, Store
from openhearth.surfaces.openapi import document
from openhearth.surfaces.openapi.operation import FORM, JSON
from tests.fuzz.snapshot import PLACE, written

FOR_EYES = {
    "/",
    "/openapi.json",
    "/media/{signature}/{name}",
    "/media/audio/{owner}/{signature}/{name}",
    "/samples/{name}",
}
OPENAI: list[tuple[str, str, tuple[Any, ...]]] = [
    ("/v1/chat/completions", JSON, (chat.CompletionCreateParamsNonStreaming, chat.CompletionCreateParamsStreaming)),
    ("/v1/completions", JSON, (types.completion_create_params.CompletionCreateParamsNonStreaming,)),
    ("/v1/embeddings", JSON, (types.EmbeddingCreateParams,)),
    ("/v1/moderations", JSON, (types.ModerationCreateParams,)),
    ("/v1/images/generations", JSON, (image_generate_params.ImageGenerateParamsStreaming,)),
    ("/v1/images/edits", FORM, (image_edit_params.ImageEditParamsStreaming,)),
    ("/v1/images/variations", FORM, (types.ImageCreateVariationParams,)),
    ("/v1/audio/speech", JSON, (audio.SpeechCreateParams,)),
    ("/v1/audio/transcriptions", FORM, (audio.transcription_create_params.TranscriptionCreateParamsStreaming,)),
    ("/v1/audio/translations", FORM, (audio.TranslationCreateParams,)),
    ("/v1/files", FORM, (types.FileCreateParams,)),
]
OTHER_SPELLINGS = {("/v1/v2/rerank", "post")}


async def test_every_route_is_described_and_nothing_else(tmp_path: Path) -> None:
    config = Config(store=Store(folder=str(tmp_path)), engines=Engines(enabled=True))
    async with platform(config, {}) as built:
        there = _routes(built.routes)
    described = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert there - described == OTHER_SPELLINGS
    assert described - there == set()


def test_the_committed_description_is_this_one() -> None:
    assert PLACE.read_text(encoding="utf-8") == written(), "Run: .venv/bin/python -m tests.fuzz.snapshot"


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for methods in document()["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    described = document()
    there = {f"#/components/{kind}/{name}" for kind, named in described["components"].items() for name in named}
    assert _references(described) - there == set()


@pytest.mark.parametrize(("path", "form", "kinds"), OPENAI)
def test_every_field_of_openais_current_form_is_named(path: str, form: str, kinds: tuple[type, ...]) -> None:
    schema = document()["paths"][path]["post"]["requestBody"]["content"][form]["schema"]
    named = {name.partition("[")[0] for name in schema["properties"]}
    current = {name for kind in kinds for name in get_type_hints(kind)}
    assert current - named == set()


@pytest.mark.parametrize("ask", [cohere.ClientV2.rerank, cohere.Client.rerank])
def test_every_field_of_coheres_rerank_is_named(ask: Callable[..., object]) -> None:
    path = "/v2/rerank" if ask is cohere.ClientV2.rerank else "/v1/rerank"
    schema = document()["paths"][path]["post"]["requestBody"]["content"][JSON]["schema"]
    current = set(inspect.signature(ask).parameters) - {"self", "request_options"}
    assert current - set(schema["properties"]) == set()


def _routes(routes: list[BaseRoute]) -> set[tuple[str, str]]:
    found = set()
    for route in routes:
        if isinstance(route, Route) and route.path not in FOR_EYES:
            path = route.path.replace(":path}", "}")
            found |= {(path, method.lower()) for method in (route.methods or ()) if method != "HEAD"}
    return found


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        named = {value["$ref"]} if "$ref" in value else set()
        return named.union(*(_references(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(inner) for inner in value))
    return set()
