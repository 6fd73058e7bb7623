"""Embedded models that the operator replaces by files or by another server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from openhearth.app.embedded import embedded_targets, engine_specs
from openhearth.app.embedded.chat import rows as chat_rows
from openhearth.app.embedded.edit import rows as edit_rows
from openhearth.app.embedded.embed import rows as embed_rows
from openhearth.app.embedded.replace import replaced
from openhearth.app.embedded.row import Row
from openhearth.config import Config, ConfigError, Engines, Replacement, load
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider
from openhearth.engines.catalogue import load_catalogue
from openhearth.engines.packs import Packs
from tests.fakes.gateway import NoEngines, gateway
from tests.fakes.http import ask
from tests.fakes.upstream import Upstream

CHAT = "smollm2-135m-instruct"
EMBED = "use-multilingual-embed"


def packs_at(folder: Path) -> Packs:
    return Packs(folder / "packs", load_catalogue(), {})


def after(
    folder: Path,
    kind: Callable[[Config, Packs], list[Row]],
    replace: dict[str, Replacement],
    environ: dict[str, str] | None = None,
) -> list[Row]:
    config = Config(engines=Engines(chat=(CHAT,), replace=replace))
    packs = packs_at(folder)
    return replaced(kind(config, packs), config, packs, environ or {})


def settings_of(row: Row) -> dict[str, object]:
    return dict(row.spec.settings)


def test_nothing_changes_without_a_setting(tmp_path: Path) -> None:
    config, packs = Config(), packs_at(tmp_path)
    assert replaced(embed_rows(config, packs), config, packs, {}) == embed_rows(config, packs)


async def test_a_server_takes_the_place_of_a_model_under_the_models_name(tmp_path: Path) -> None:
    async with Upstream() as upstream:
        replacement = {CHAT: Replacement(url=upstream.base_url, model="big", key="env:VLLM_KEY")}
        rows = after(tmp_path, chat_rows, replacement, {"VLLM_KEY": "sesame"})
        assert engine_specs(rows) == []
        assert "big at 127.0.0.1" in rows[0].note_en
        assert "sesame" not in repr(rows)
        async with gateway(embedded_targets(rows, NoEngines())) as running:
            body = {"model": CHAT, "messages": [{"role": "user", "content": "hi"}]}
            reply = await ask(running.port, body=body)
        assert reply.status == 200
        assert reply.headers["x-openhearth-target"] == CHAT
        assert upstream.seen[0].json() == {**body, "model": "big"}
        assert upstream.seen[0].headers["authorization"] == "Bearer sesame"


def test_a_server_speaks_the_usual_form_of_each_operation(tmp_path: Path) -> None:
    server = Replacement(url="http://gpu.lan:8000/v1", model="bge-m3")
    embed, rerank = after(tmp_path, embed_rows, {EMBED: server})
    assert embed.elsewhere is not None
    assert embed.elsewhere.provider.speaks == {Operation.EMBED: Dialect.OPENAI_EMBEDDINGS}
    assert (embed.elsewhere.origin.host, embed.elsewhere.base_path) == ("gpu.lan", "/v1")
    assert rerank.elsewhere is None
    assert [spec.name for spec in engine_specs([embed, rerank])] == [EMBED]
    _, rerank = after(tmp_path, embed_rows, {"nano-rerank": server})
    assert rerank.elsewhere is not None
    assert rerank.elsewhere.provider.speaks == {Operation.RERANK: Dialect.JINA_RERANK}


def test_a_file_takes_the_place_of_the_only_one_and_needs_no_pack(tmp_path: Path) -> None:
    own = tmp_path / "my.gguf"
    own.write_bytes(b"x" * 1000)
    (row,) = after(tmp_path, chat_rows, {CHAT: Replacement(path=str(own))})
    assert settings_of(row)["model"] == str(own)
    assert row.spec.packs == ()
    assert row.spec.need_bytes > 1000
    assert "my.gguf" in row.note_en


def test_a_file_of_several_is_known_by_its_name(tmp_path: Path) -> None:
    own = tmp_path / "encoder.onnx"
    own.write_bytes(b"x")
    embed, rerank = after(tmp_path, embed_rows, {EMBED: Replacement(path=str(own))})
    assert settings_of(embed)["encoder"] == str(own)
    assert str(settings_of(embed)["reranker"]).startswith(str(tmp_path / "packs"))
    assert embed.spec.packs == ("use-multilingual",)
    assert rerank.spec == embed.spec
    other = tmp_path / "other.onnx"
    other.write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"does not fit; the engine reads encoder\.onnx, reranker\.onnx"):
        after(tmp_path, embed_rows, {EMBED: Replacement(path=str(other))})


def test_of_one_engines_two_models_one_may_go_elsewhere_and_the_other_get_files(tmp_path: Path) -> None:
    own = tmp_path / "reranker.onnx"
    own.write_bytes(b"net")
    replace = {EMBED: Replacement(url="http://gpu.lan:8000/v1"), "nano-rerank": Replacement(path=str(own))}
    rows = {row.name: row for row in after(tmp_path, embed_rows, replace)}
    assert rows[EMBED].note_en == f"In place of the embedded model: {EMBED} at gpu.lan."
    assert rows["nano-rerank"].note_en.startswith("The embedded engine with files of the operator's")


def test_a_folder_takes_the_place_of_a_packs_folder(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name in ("encoder.onnx", "reranker.onnx"):
        (own / name).write_bytes(b"x")
    embed, _ = after(tmp_path, embed_rows, {EMBED: Replacement(path=str(own))})
    assert settings_of(embed)["encoder"] == str(own / "encoder.onnx")
    assert embed.spec.packs == ()


def test_an_engine_of_several_packs_takes_folders_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "own" / "background").mkdir(parents=True)
    (edit,) = after(tmp_path, edit_rows, {"local-edit": Replacement(path=str(tmp_path / "own"))})
    assert settings_of(edit)["background"] == str(tmp_path / "own" / "background")
    assert "background" not in edit.spec.packs
    assert "portrait" in edit.spec.packs


@pytest.mark.parametrize(
    ("replacement", "said"),
    [
        (Replacement(), "either a path or a url"),
        (Replacement(path="/x", url="http://h/v1"), "either a path or a url"),
        (Replacement(path="/nowhere/model.gguf"), r"/nowhere/model\.gguf does not exist"),
        (Replacement(url="ftp://h/v1"), "must look like https://host/v1"),
        (Replacement(url="http://h/v1", key="sesame"), "'env:NAME' or 'file:PATH'"),
        (Replacement(url="http://h/v1", key="env:ABSENT"), "ABSENT"),
    ],
)
def test_what_cannot_be_is_told_with_the_setting(tmp_path: Path, replacement: Replacement, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"engines\.replace\.{CHAT}: .*{said}") as caught:
        after(tmp_path, chat_rows, {CHAT: replacement})
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("name", ["nope", "whisper-base"])
def test_a_chat_model_that_is_none_is_told_with_the_setting(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"^engines\.chat: .*{name}"):
        chat_rows(Config(engines=Engines(chat=(name,))), packs_at(tmp_path))


def test_an_unknown_model_is_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"no embedded model of that name\. There are: {CHAT}\."):
        after(tmp_path, chat_rows, {"whisper": Replacement(url="http://h/v1")})


def test_what_no_such_server_answers_is_told(tmp_path: Path) -> None:
    config, packs = Config(), packs_at(tmp_path)
    (row,) = edit_rows(config, packs)
    documents = Provider("documents", "", "unix:", speaks={Operation.READ_DOCUMENT: Dialect.LOCAL_DOCUMENTS})
    config = Config(engines=Engines(replace={row.name: Replacement(url="http://h/v1")}))
    strange = Row(row.name, documents, row.spec, "", "")
    with pytest.raises(ConfigError, match="no OpenAI-compatible server answers read_document"):
        replaced([strange], config, packs, {})


def test_it_is_written_as_a_table_of_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "openhearth.toml"
    path.write_text('[engines.replace."whisper-base"]\nurl = "http://host:8000/v1"\nmodel = "turbo"\nkey = "env:K"\n')
    found = load(path, {}).engines.replace
    assert found == {"whisper-base": Replacement(url="http://host:8000/v1", model="turbo", key="env:K")}
    environ = {"OPENHEARTH__ENGINES__REPLACE": '{"x": {"path": "/models/x"}}'}
    assert load(None, environ).engines.replace == {"x": Replacement(path="/models/x")}
