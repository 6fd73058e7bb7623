"""Settings: defaults work, files and the environment override them, mistakes are named."""

from pathlib import Path

import msgspec
import pytest

from openhearth.config import Config, ConfigError, load


def test_nothing_at_all_is_a_working_configuration() -> None:
    config = load(None, {})
    assert config == Config()
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8080)
    assert config.fetch.allow_private == ()


def test_file_sets_and_environment_overrides(tmp_path: Path) -> None:
    path = tmp_path / "openhearth.toml"
    path.write_text('log_level = "debug"\n[server]\nport = 9000\nhost = "0.0.0.0"\n', encoding="utf-8")
    config = load(path, {"OPENHEARTH__SERVER__PORT": "9001", "UNRELATED": "x"})
    assert (config.server.host, config.server.port, config.log_level) == ("0.0.0.0", 9001, "debug")


def test_lists_in_the_environment_are_comma_separated() -> None:
    config = load(None, {"OPENHEARTH__FETCH__ALLOW_PRIVATE": "127.0.0.1, files.local:9000 ,"})
    assert config.fetch.allow_private == ("127.0.0.1", "files.local:9000")


def test_booleans_and_numbers_in_the_environment() -> None:
    config = load(None, {"OPENHEARTH__SERVER__FAST_DOOR": "false", "OPENHEARTH__LIMITS__HEADER_S": "2.5"})
    assert config.server.fast_door is False
    assert config.limits.header_s == 2.5


def test_aliases_may_be_a_preset_or_a_table(tmp_path: Path) -> None:
    assert load(None, {"OPENHEARTH__ALIASES": "openai"}).aliases == "openai"
    assert load(None, {"OPENHEARTH__ALIASES": '{"gpt-4o": "local"}'}).aliases == {"gpt-4o": "local"}
    path = tmp_path / "openhearth.toml"
    path.write_text('[aliases]\n"gpt-4o" = "qwen"\n', encoding="utf-8")
    assert load(path, {}).aliases == {"gpt-4o": "qwen"}


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OPENHEARTH__SERVER__PROT": "1"}, "OPENHEARTH__SERVER__PROT"),
        ({"OPENHEARTH__NO__SUCH__THING": "1"}, "OPENHEARTH__NO__SUCH__THING"),
        ({"OPENHEARTH__SERVER__PORT": "many"}, "server.port"),
        ({"OPENHEARTH__ALIASES": "{broken"}, "OPENHEARTH__ALIASES"),
    ],
)
def test_wrong_environment_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load(None, environ)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[server]\nprot = 1\n", "prot"),
        ("[server\n", "openhearth.toml"),
        ('[limits]\njson_depth = "deep"\n', "json_depth"),
    ],
)
def test_wrong_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "openhearth.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=named):
        load(path, {})


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml", {})


def numbers() -> list[tuple[str, type]]:
    """The environment's name of every setting that is a number, and which kind it is."""
    found: list[tuple[str, type]] = []
    for section in msgspec.structs.fields(Config):
        is_struct = isinstance(section.type, type) and issubclass(section.type, msgspec.Struct)
        found += [
            (f"OPENHEARTH__{section.name}__{field.name}".upper(), type(field.default))
            for field in (msgspec.structs.fields(section.type) if is_struct else ())
            if type(field.default) in (int, float)
        ]
    return found


def test_no_number_is_negative_or_not_a_number() -> None:
    assert len(numbers()) > 60
    for name, kind in numbers():
        for wrong in ("-1", "nan") if kind is float else ("-1",):
            with pytest.raises(ConfigError, match=name.split("__")[-1].lower()):
                load(None, {name: wrong})
