"""What a server is told: by options, by the environment, by a file; and what it refuses to start without."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.core import TyperOption
from typer.testing import CliRunner

from schemaregistry.errors import InvalidArgument
from schemaregistry_server.config import cores
from schemaregistry_server.config.options import EtcdAuth, Readers
from schemaregistry_server.config.settings import Settings
from schemaregistry_server.runtime import main

COMPLETE = {
    "store": "etcd://one,two,three",
    "etcd_ca": Path("etcd-ca.pem"),
    "tls_cert": Path("server.pem"),
    "tls_key": Path("server-key.pem"),
    "client_ca": Path("ca.pem"),
    "publisher": ("spiffe://prod/ci-bot",),
    "etcd_auth": EtcdAuth.OFF,
}

RATES = ("read_rate", "write_rate", "connection_rate")

Said = Callable[..., Settings]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    """A factory: the settings that `serve` makes of a command line and an environment."""
    got: list[Settings] = []
    monkeypatch.setattr(main, "_run", got.append)
    app = typer.Typer()
    app.command()(main.serve)

    def run(*options: str, **environment: str) -> Settings:
        done = CliRunner().invoke(app, options, env={**environment})
        assert done.exit_code == 0, done.output
        return got[-1]

    return run


@pytest.fixture
def refusal() -> Callable[..., str]:
    """A factory: what `serve` answers to a command line that it does not take."""
    app = typer.Typer(rich_markup_mode=None)
    app.command()(main.serve)

    def run(*options: str) -> str:
        done = CliRunner().invoke(app, options)
        assert done.exit_code == 2, done.output
        return done.output

    return run


def file(directory: Path, **more: str) -> Path:
    """A complete file of settings, with `more` lines."""
    path = directory / "registry.toml"
    lines = {
        "store": '"etcd://one,two,three"',
        "etcd-ca": '"etcd-ca.pem"',
        "tls-cert": '"server.pem"',
        "tls-key": '"server-key.pem"',
        "client-ca": '"ca.pem"',
        "publisher": '["spiffe://prod/ci-bot", "deploy"]',
        "etcd-auth": '"off"',
    } | more
    path.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()), encoding="utf-8")
    return path


def test_a_file_says_all(said: Said, tmp_path: Path) -> None:
    config = file(tmp_path, workers="3", reflection="false", **{"grace-seconds": "2.5", "grpc": '"0.0.0.0:1"'})
    settings = said("--config", str(config))
    assert settings.publisher == ("spiffe://prod/ci-bot", "deploy")
    assert (settings.workers, settings.reflection, settings.grace_seconds) == (3, False, 2.5)
    assert (settings.grpc, settings.tls_cert) == ("0.0.0.0:1", Path("server.pem"))


def test_the_environment_says_all(said: Said) -> None:
    names = {name.upper(): str(value) for name, value in COMPLETE.items() if name != "publisher"}
    environment = {f"SCHEMAREGISTRY_{name}": value for name, value in names.items()}
    settings = said(**environment, SCHEMAREGISTRY_PUBLISHER="spiffe://prod/a spiffe://prod/b")
    assert settings.publisher == ("spiffe://prod/a", "spiffe://prod/b")
    assert (settings.store, settings.etcd_ca) == (COMPLETE["store"], COMPLETE["etcd_ca"])


def test_the_command_line_counts_before_the_environment_and_that_before_the_file(said: Said, tmp_path: Path) -> None:
    config = file(tmp_path, grpc='"file:1"', health='"file:2"', rest='"file:3"')
    environment = {
        "SCHEMAREGISTRY_CONFIG": str(config),
        "SCHEMAREGISTRY_GRPC": "environment:1",
        "SCHEMAREGISTRY_HEALTH": "environment:2",
    }
    settings = said("--grpc", "option:1", **environment)
    assert (settings.grpc, settings.health, settings.rest) == ("option:1", "environment:2", "file:3")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"stor": '"sqlite"'}, "there is no setting stor. Did you mean store?"),
        ({"publisher": '"spiffe://prod/ci-bot"'}, "publisher must be a list"),
        ({"publisher": '{"spiffe://prod/ci-bot" = "ticks_*"}'}, 'publisher."spiffe://prod/ci-bot" must be a list'),
        ({"reader": '{"spiffe://prod/etl" = ["ticks_*"]}'}, "reader must be a list"),
        ({"grpc": '["0.0.0.0:1"]'}, "grpc must be one value"),
        ({"workers": '"many"'}, "--workers"),
        ({"grace-seconds": "-1"}, "--grace-seconds"),
        ({"grpc": "nothing"}, "can't be read as TOML"),
    ],
)
def test_a_file_with_a_mistake_is_refused_by_its_place(
    refusal: Callable[..., str], tmp_path: Path, line: dict[str, str], words: str
) -> None:
    assert words in " ".join(refusal("--config", str(file(tmp_path, **line))).split())


def test_a_table_gives_each_publisher_its_ids(said: Said, tmp_path: Path) -> None:
    table = '{"spiffe://prod/ci-bot" = ["ticks_*", "quotes_v1"], "a=b" = ["*"]}'
    rights = said("--config", str(file(tmp_path, publisher=table))).complete().rights
    assert dict(rights.publishers) == {"spiffe://prod/ci-bot": ("ticks_*", "quotes_v1"), "a=b": ("*",)}


def test_a_file_that_is_not_there_is_refused(refusal: Callable[..., str], tmp_path: Path) -> None:
    assert "none.toml" in refusal("--config", str(tmp_path / "none.toml"))


def test_help_has_every_setting_and_its_variable() -> None:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(main.serve)
    text = CliRunner().invoke(app, ["--help"]).output
    for field in dataclasses.fields(Settings):
        assert f"--{field.name.replace('_', '-')}" in text
        assert f"SCHEMAREGISTRY_{field.name.upper()}" in text or field.name in {"dev", "publish"}


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(InvalidArgument) as refused:
        Settings().complete()
    for option in ("--tls-cert", "--tls-key", "--client-ca", "--publisher", "--store", "--dev"):
        assert option in refused.value.message


@pytest.mark.parametrize("missing", [name for name in COMPLETE if name not in {"store", "etcd_auth"}])
def test_what_is_missing_is_named_and_nothing_else(missing: str) -> None:
    there = {name: value for name, value in COMPLETE.items() if name != missing}
    with pytest.raises(InvalidArgument) as refused:
        Settings(**there).complete()  # type: ignore[arg-type]  # a choice of members
    named = [name for name in COMPLETE if f"--{name.replace('_', '-')} (" in refused.value.message]
    assert named == [missing]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"store": "etcd"}, "--store etcd is a cluster for --dev"),
        ({"store": "sqlite", "workers": 2}, "one process's own"),
        ({"publish": Path("schemas")}, "--publish is for --dev"),
        ({"etcd_cert": Path("cert.pem")}, "--etcd-key"),
        ({"etcd_key": Path("key.pem")}, "--etcd-cert"),
        ({"etcd_auth": EtcdAuth.ON, "token_key": Path("key.pub"), "token_issuer": "x"}, "--publisher would have no"),
        ({"etcd_auth": None, "publisher": ()}, "--token-key"),
        ({"token_key": Path("key.pub")}, "--token-issuer"),
        ({"reader": ("spiffe://prod/etl",)}, "--readers listed"),
        ({"publisher": ("spiffe://prod/ci-bot=Ticks",)}, "--publisher 'spiffe://prod/ci-bot=Ticks'"),
        ({"operator": ("=*",)}, "names nobody"),
        ({"store": "sqlite", "etcd_auth": EtcdAuth.ON}, "the store is sqlite"),
        ({"dev": True}, "leave out --tls-cert, --tls-key, --client-ca, --publisher"),
        ({"store": "postgres://one"}, "'sqlite'"),
        ({"cors_origin": ("https://catalog.example",)}, "say --rest"),
        *(
            ({"rest": "0.0.0.0:1", "cors_origin": (origin,)}, "is no origin")
            for origin in (
                "*",
                "null",
                "catalog.example",
                "https://*.example",
                "https://catalog.example/",
                "https://catalog.example/page",
                "https://catalog.example:443",
                "http://catalog.example:80",
                "https://Catalog.example",
                "https://me@catalog.example",
                "https://catalog.example https://other.example",
                "file://",
                "",
            )
        ),
    ],
)
def test_what_does_not_go_together_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        Settings(**(COMPLETE | change)).complete()  # type: ignore[arg-type]  # as above
    assert words in refused.value.message


def test_etcd_on_this_machine_needs_no_tls() -> None:
    for store in ("etcd://127.0.0.1:1,localhost:2,[::1]:3", "etcd://localhost"):
        assert Settings(**(COMPLETE | {"store": store, "etcd_ca": None})).complete().etcd_tls is None  # type: ignore[arg-type]


def test_production_has_rest_off_health_on_and_a_worker_for_each_core() -> None:
    settings = Settings(**COMPLETE).complete()  # type: ignore[arg-type]  # as above
    assert (settings.rest, settings.health, settings.workers) == (None, "0.0.0.0:8081", cores.usable())


def test_calls_a_second_are_limited_in_production_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    usual, said = Settings(**COMPLETE).complete(), Settings(**COMPLETE, read_rate=5, write_rate=0).complete()  # type: ignore[arg-type]  # as above
    assert [getattr(usual, name) for name in RATES] == [2000, 100, 3000]
    assert [getattr(said, name) for name in RATES] == [5, 0, 3000]
    dev = Settings(dev=True, data=tmp_path)
    assert not any(getattr(dev.complete(), name) for name in RATES)
    assert dataclasses.replace(dev, read_rate=5).complete().read_rate == 5


def test_dev_answers_no_pages_of_other_origins() -> None:
    with pytest.raises(InvalidArgument, match="--cors-origin"):
        Settings(dev=True, cors_origin=("https://catalog.example",)).complete()


@pytest.mark.parametrize("origin", ["https://catalog.example", "http://localhost:3000", "https://[::1]:8443"])
def test_origins_are_written_as_browsers_send_them(origin: str) -> None:
    assert Settings(**COMPLETE, rest="0.0.0.0:1", cors_origin=(origin,)).complete().cors_origin == (origin,)  # type: ignore[arg-type]  # as above


def test_the_embedded_store_has_one_process() -> None:
    assert Settings(**(COMPLETE | {"store": "sqlite"})).complete().workers == 1  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(("quota", "cores_of_many"), [("max 100000", 64), ("150000 100000", 2), ("20000 100000", 1)])
def test_a_quota_bounds_the_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quota: str, cores_of_many: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(64))
    (tmp_path / "cpu.max").write_text(quota)
    assert cores.usable(tmp_path / "cpu.max") == cores_of_many
    assert cores.usable(tmp_path / "none") == 64


def test_the_documented_file_is_complete(said: Said, tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/production.md").read_text(encoding="utf-8")
    config = tmp_path / "registry.toml"
    config.write_text(page.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    settings = said("--config", str(config)).complete()
    assert settings.etcd_auth is EtcdAuth.ON
    assert settings.token_key
    assert settings.etcd_tls
    assert not settings.reflection


def described(option: TyperOption) -> str:
    """One setting as docs/production.md has it: option, variable, default, and the meaning that --help gives."""
    name = option.opts[0] if option.is_flag or not option.metavar else f"{option.opts[0]} {option.metavar}"
    variable = f", `{option.envvar}`" if option.envvar else ""
    default = option.default if option.show_default and not option.is_flag else None
    usual = "" if default is None else f" [{default:g}]" if isinstance(default, float) else f" [{default}]"
    return f"`{name}`{variable}: {option.help}{usual}"


def settings_of_serve() -> list[TyperOption]:
    app = typer.Typer(add_completion=False)
    app.command()(main.serve)
    return [each for each in typer.main.get_command(app).params if isinstance(each, TyperOption)]


def test_the_page_lists_every_setting_as_help_has_it() -> None:
    page = (Path(__file__).parents[3] / "docs/production.md").read_text(encoding="utf-8")
    section = page.partition("## Every setting\n")[2].partition("\n## ")[0]
    listed = [" ".join(each.split()) for each in section.split("\n- ")[1:]]
    assert len(listed) == len(dataclasses.fields(Settings))
    assert listed == [described(option) for option in settings_of_serve()]


def test_each_setting_has_one_name_as_an_option_a_variable_and_a_key(said: Said, tmp_path: Path) -> None:
    names = [field.name for field in dataclasses.fields(Settings)]
    options = {str(option.name): option for option in settings_of_serve()}
    assert list(options) == names
    for name, option in options.items():
        assert option.opts[0] == f"--{name.replace('_', '-')}"
        assert option.envvar in (None, f"SCHEMAREGISTRY_{name.upper()}")
    assert [name for name, option in options.items() if not option.envvar] == ["dev", "publish"]
    values = {bool: "false", int: "1", float: "2.5", tuple: '["x"]', Readers: '"listed"'}
    stated = {field.name: values.get(type(field.default), '"sqlite"') for field in dataclasses.fields(Settings)}
    lines = [
        f"{name.replace('_', '-')} = {value}"
        for name, value in (
            stated | {"etcd_auth": '"off"', "cors_origin": '["https://x"]'} | dict.fromkeys(RATES, "2.5")
        ).items()
        if name not in {"config", "publish"}  # the latter is for --dev alone
    ]
    (tmp_path / "all.toml").write_text("\n".join(lines))
    settings = said("--config", str(tmp_path / "all.toml"))
    assert (settings.reflection, settings.publisher, settings.slow_seconds) == (False, ("x",), 2.5)
