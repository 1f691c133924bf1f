"""Settings: the file, then the environment, then the command; and what is said when one of them is wrong."""

import os
import tomllib
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clients.pools.endpoints import Endpoint, Price
from penchant.settings import Settings, load_settings
from penchant.settings.catalogue import catalogue, meanings, sections
from penchant.settings.example import example
from penchant.settings.problems import TABLES
from penchant.worker.model_side import pools
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.errors import SettingInvalid
from streams.events.event import URGENT
from streams.records.intents import IntentRules

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a file; the settings of whoever runs the tests do not count."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PENCHANT_")]:
        monkeypatch.delenv(name)
    return tmp_path


def wrong(text: str = "") -> str:
    """The message that the start stops with."""
    Path("penchant.toml").write_text(text)
    with pytest.raises(SettingInvalid) as caught:
        load_settings()
    return str(caught.value)


def test_nothing_set_gives_the_defaults() -> None:
    """Without a file and without variables every setting has its default, and says so."""
    loaded = load_settings()

    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert set(loaded.origins) == set(catalogue())


def test_environment_goes_before_file_and_command_before_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last of file, environment and command wins, setting by setting, and the origin tells which it was."""
    Path("penchant.toml").write_text('[kafka]\ntopic = "file"\ngroup = "file"\nbootstrap = "file:1"')
    monkeypatch.setenv("PENCHANT_KAFKA__GROUP", "variable")
    monkeypatch.setenv("PENCHANT_KAFKA__BOOTSTRAP", "variable:1")

    loaded = load_settings(overrides={"kafka.bootstrap": "command:1", "lineage": 3})

    kafka = loaded.settings.kafka
    assert (kafka.topic, kafka.group, kafka.bootstrap, loaded.settings.lineage) == ("file", "variable", "command:1", 3)
    assert loaded.origins["kafka.topic"] == "penchant.toml"
    assert loaded.origins["kafka.group"] == "PENCHANT_KAFKA__GROUP"
    assert loaded.origins["kafka.bootstrap"] == loaded.origins["lineage"] == "this command"
    assert loaded.origins["kafka.instance_id"] == "default"


def test_the_file_is_the_named_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`path` goes before PENCHANT_CONFIG, which goes before ./penchant.toml."""
    for number, name in enumerate(("penchant.toml", "variable.toml", "argument.toml")):
        (tmp_path / name).write_text(f"lineage = {number}")

    assert load_settings().settings.lineage == 0
    monkeypatch.setenv("PENCHANT_CONFIG", "variable.toml")
    assert load_settings().settings.lineage == 1
    assert load_settings(Path("argument.toml")).settings.lineage == 2


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody named and that is not there stops the start; only the default one may be missing."""
    with pytest.raises(SettingInvalid, match=r"absent\.toml \(--config\)"):
        load_settings(Path("absent.toml"))
    monkeypatch.setenv("PENCHANT_CONFIG", "gone.toml")
    with pytest.raises(SettingInvalid, match=r"gone\.toml \(PENCHANT_CONFIG\)"):
        load_settings()


@pytest.mark.parametrize("content", [b"kafka = [", b"\xff\xfe", b'x = "\x00"'])
def test_a_file_that_is_not_toml(content: bytes) -> None:
    """A broken file is named, with what is wrong in it."""
    Path("penchant.toml").write_bytes(content)
    with pytest.raises(SettingInvalid, match=r"penchant\.toml .*cannot be read as a settings file: \S"):
        load_settings()


def test_a_wrong_value_is_named_with_its_origin_and_what_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message holds the full name, the value, where it came from, what is allowed, and the remedy."""
    assert "kafka.commit_interval_s = -1 (penchant.toml): allowed: seconds, more than 0" in wrong(
        "[kafka]\ncommit_interval_s = -1"
    )
    monkeypatch.setenv("PENCHANT_MODEL__DIALECT", "tritn")
    message = wrong()
    assert (
        'model.dialect = "tritn" (PENCHANT_MODEL__DIALECT): allowed: one of auto, triton, triton-http, openai'
        in message
    )
    assert "remedy: " in message


POOLS = """
[model]
dialect = "openai"
url = "http://unused:1/v1"
api_key = "everybodys"
tokens_per_block = 32

[[pools]]
name = "own"
endpoints = [
  { url = "triton-0:8001", dialect = "triton", name = "ensemble", price = { per_hour = 4.0 }, weight = 2.0 },
  { url = "http://vllm-0:8000/v1", api_key = "its-own" },
]
[[pools]]
name = "rented"
endpoints = [{ url = "https://models.example.com/v1", price = { per_million_input = 0.1 } }]
"""


def test_pools_take_from_the_model_what_they_do_not_say(tmp_path: Path) -> None:
    """Every endpoint becomes one of a pool, in order; without pools the model's own url is the only one."""
    Path("penchant.toml").write_text(POOLS)
    own, rented = pools(load_settings().settings)
    assert (own.name, rented.name) == ("own", "rented")
    first, second = own.endpoints
    assert (first.dialect, first.name, _api_key(first), first.weight) == ("triton", "ensemble", "everybodys", 2.0)
    assert (second.dialect, second.name, _api_key(second), second.tokens_per_block) == ("openai", None, "its-own", 32)
    assert (first.address, second.address) == ("triton-0:8001", "vllm-0:8000")
    assert first.price == Price(per_hour=4.0)
    assert rented.endpoints[0].price == Price(per_million_input=0.1)
    (alone,) = pools(Settings())
    assert [endpoint.url for endpoint in alone.endpoints] == [Settings().model.url]


def _api_key(endpoint: Endpoint) -> str | None:
    return endpoint.api_key.get_secret_value() if endpoint.api_key else None


def test_pools_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON, in place of the file's."""
    Path("penchant.toml").write_text(POOLS)
    monkeypatch.setenv("PENCHANT_POOLS", '[{"name": "other", "endpoints": [{"url": "http://sglang:30000/v1"}]}]')
    loaded = load_settings()
    (pool,) = pools(loaded.settings)
    assert (pool.name, pool.endpoints[0].address) == ("other", "sglang:30000")
    assert loaded.origins["pools"] == "PENCHANT_POOLS"


def test_wrong_pools_are_named_without_their_keys() -> None:
    """Where it is, what is allowed, and no key in the message."""
    keyed = 'endpoints = [{ url = "a:1", api_key = "hidden-me" }'
    for text, said in (
        (f'[[pools]]\nname = "x"\n{keyed}, {{ url = "b:1", wieght = 2 }}]', "pools.0.endpoints.1.wieght"),
        (f'[[pools]]\nname = "x"\n{keyed}, {{ url = "b:1", wieght = 2 }}]', "did you mean weight?"),
        (f'[[pools]]\nname = "x"\n{keyed}, {{ url = "a:1" }}]', "endpoint a:1 is there twice"),
        ('[[pools]]\nname = "x"\nendpoints = []', "pools.0.endpoints (penchant.toml)"),
        (f'[[pools]]\nname = "x"\n{keyed}, {{ url = "b:1", dialect = "openai" }}]', "starts with http://"),
        (f"[[pools]]\n{keyed}]", "pools.0.name"),
    ):
        message = wrong(text)
        assert said in message
        assert "hidden-me" not in message


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start shows every mistake, in the file, in the environment and between settings."""
    monkeypatch.setenv("PENCHANT_LOG__LEVEL", "loud")
    monkeypatch.setenv("PENCHANT_MODL__URL", "x:1")
    message = wrong("redis = 3\n[kafka]\nbootstrp = 'x:1'\n[triggers]\nurgent = ['search', 'sneeze']")

    assert message.startswith("5 wrong settings:")
    for part in ("log.level", "PENCHANT_MODL__URL", "redis (penchant.toml)", "kafka.bootstrp", '"sneeze"'):
        assert part in message


def test_an_unknown_name_gets_the_nearest_one() -> None:
    """A misspelt setting or section stops the start and names the one that was probably meant."""
    assert "kafka.bootstrp (penchant.toml): no such setting; did you mean kafka.bootstrap?" in wrong(
        "[kafka]\nbootstrp = 'x:1'"
    )
    assert "kafak (penchant.toml): no such setting; did you mean kafka?" in wrong("[kafak]\ntopic = 'x'")
    assert "linage (penchant.toml): no such setting; did you mean lineage?" in wrong("linage = 1")
    assert "zzzzzz (penchant.toml): no such setting\n" in wrong("zzzzzz = 1")


def test_an_unknown_variable_gets_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a misspelt variable, or one with a single underscore where two belong."""
    monkeypatch.setenv("PENCHANT_KAFAK__TOPIC", "x")
    assert "did you mean PENCHANT_KAFKA__TOPIC?" in wrong()
    monkeypatch.delenv("PENCHANT_KAFAK__TOPIC")
    monkeypatch.setenv("PENCHANT_KAFKA_TOPIC", "x")
    assert "did you mean PENCHANT_KAFKA__TOPIC?" in wrong()


def test_foreign_variables_are_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes sets PENCHANT_PORT and the like for a service named penchant: no reason to stop."""
    monkeypatch.setenv("PENCHANT_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("PENCHANT_SERVICE_HOST", "10.0.0.1")
    assert load_settings().settings == Settings()


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files pass on what is not set as an empty text."""
    monkeypatch.setenv("PENCHANT_MODEL__API_KEY", "")
    loaded = load_settings()
    assert loaded.settings.model.api_key is None
    assert loaded.origins["model.api_key"] == "default"


def test_a_list_in_a_variable_is_words_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """No JSON in variables."""
    monkeypatch.setenv("PENCHANT_TRIGGERS__URGENT", "search, purchase,")
    assert load_settings().settings.triggers.urgent == ("search", "purchase")


@pytest.mark.parametrize(
    "text",
    [
        "[model]\napi_key = 's3cret'\nmax_tokens = 0",
        "[model]\napi_key = ['s3cret']",
        "[model]\napi_kye = 's3cret'",
        "[redis]\nurl = 'redsi://me:s3cret@host:1/0'",
        "[redis]\nurl = 'redsi://host:1/0?password=s3cret&db=1'",
        "model = 's3cret'",
    ],
)
def test_no_message_shows_a_secret(text: str) -> None:
    """Whatever is wrong about a secret, an address with a password or a misspelt name, the value stays hidden."""
    Path("penchant.toml").write_text(text)
    with pytest.raises(SettingInvalid) as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in str(caught.value.__cause__)  # the traceback shows the cause


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            "[session]\nhigh_rows = 30",
            "session.low_rows = 36 (default): must be at least 8 below session.high_rows, which is 30",
        ),
        ("[prompt]\nhigh_tokens = 1000", "prompt.high_tokens = 1000"),
        ("[prompt]\nhigh_tokens = 1024", "must be below prompt.high_tokens, which is 1024"),
        (f"[prompt]\nfolder = '{'a' * 5000}'", "it is too long for a path; allowed: the path of a folder that exists"),
        (f"[kafka]\ntopic = '{'?' * 5000}'", "(5,002 characters)"),
        ("[prompt]\ntokenizer = 'absent.json'", "allowed: the path of a file that exists"),
        ("[triggers]\nmax_wait_s = 0.5", "must be at least triggers.debounce_s, which is 1.0"),
        ("[model]\ndialect = 'openai'", 'model.url = "localhost:8001" (default): the dialect is openai'),
        ("[model]\ndialect = 'triton-http'", 'model.url = "localhost:8001" (default): the dialect is triton-http'),
        ("[model]\ndialect = 'triton'\nurl = 'http://host:8000'", "the dialect is triton"),
        ("[model]\nurl = 'ftp://host:8000'", "the address is host:port, or starts with http"),
        (
            "[model]\nserver = 'vlm'",
            "sglang, dynamo, triton-openai, litellm, llamacpp, other",
        ),
        ("[kafka]\nsecurity_protocol = 'SASL_SSL'", "kafka.sasl_password_file = (not set) (default): needed because"),
        (f"[kafka]\nsasl_password = 'x'\nsasl_password_file = '{__file__}'", "sasl_password is set too: leave one of"),
        ("[kafka]\nsecurity_protocol = 'SASL_SSL'\nsasl_mechanism = 'OAUTHBEARER'", "OAUTHBEARER needs token_url"),
        (f"[kafka.tls]\ncert_file = '{__file__}'", "cert_file and key_file belong together"),
        ("[kafka.oauth]\ntoken_hook = 'our.tokens'", "module:function"),
        ("[kafka]\nstart = 'yesterday'", "must be one of earliest, latest, 2h"),
        ("[kafka]\nstart = '@15'", "an offset is another record in each partition"),
        ("[kafka]\nisolation = 'dirty'", "read_uncommitted"),
        ("[kafka.tls]\nca_file = 'absent.pem'", "allowed: the path of a file that exists"),
        ("[redis]\nnamespace = 'a{b}'", "no braces"),
        ("[kafka]\nbootstrap = 'broker'", "host:port"),
        ("[redis]\ntimeout_s = inf", "redis.timeout_s"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(text: str, part: str) -> None:
    """What would only fail later, or far away, is refused here."""
    assert part in wrong(text)


def test_every_setting_is_documented() -> None:
    """Each has a meaning, each number its unit, each section a line."""
    for entry in catalogue().values():
        assert entry.meaning.endswith("."), entry.name
        assert entry.allowed, entry.name
    assert set(sections()) == Settings.model_fields.keys() - {
        "lineage",
        "profile",
        "pools",
        "experiments",
        "use_cases",
        "teams",
    }
    for table in (*TABLES["pools"], *TABLES["experiments"], *TABLES["use_cases"], *TABLES["teams"]):
        assert set(meanings(table)) == {field.name for field in fields(table)}


def test_the_example_file_is_up_to_date() -> None:
    """penchant.example.toml is what the models say; `penchant settings --example > penchant.example.toml` makes it."""
    assert (REPOSITORY / "penchant.example.toml").read_text(encoding="utf-8") == example()


def test_the_example_file_holds_the_defaults() -> None:
    """Read as a settings file it changes nothing, and it mentions every setting."""
    Path("penchant.toml").write_text(example(), encoding="utf-8")
    loaded = load_settings()

    assert loaded.settings == Settings()
    unset = {entry.name for entry in catalogue().values() if entry.default is None or entry.sample}
    assert {name for name, origin in loaded.origins.items() if origin == "default"} == unset
    for entry in catalogue().values():
        assert entry.variable in example()


def test_settings_do_not_change() -> None:
    """Nobody turns a knob behind another's back."""
    with pytest.raises(FrozenInstanceError):
        Settings().kafka.topic = "other"  # type: ignore[misc]  # it is frozen
    with pytest.raises(ValidationError):
        Settings().kafka = Settings().kafka  # type: ignore[misc]  # it is frozen


def test_making_settings_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only load_settings looks at the environment and the file."""
    monkeypatch.setenv("PENCHANT_LINEAGE", "7")
    Path("penchant.toml").write_text("lineage = 8")
    assert Settings().lineage == 0


def test_missions_are_those_of_the_vocabulary() -> None:
    """By default a model may name every mission that the rules know, and a list in the settings picks of them."""
    assert Settings().prompts.vocabulary == DEFAULT_VOCABULARY
    picked = Settings(intent=IntentRules(missions=("research", "my-own"))).prompts.vocabulary
    assert picked.labels == ("research", "my-own")


def test_urgent_actions_are_those_of_the_events() -> None:
    """The default is the list that the events define."""
    assert set(Settings().triggers.urgent) == URGENT


VALUES = st.integers() | st.floats() | st.booleans() | st.text("a1:/@.-, ") | st.lists(st.sampled_from(["search", "x"]))


@given(st.dictionaries(st.sampled_from(sorted(catalogue())), VALUES))
def test_any_values_load_or_are_refused(overrides: dict[str, object]) -> None:
    """Whatever is set, the outcome is settings or SettingInvalid, and a refusal names a setting that was set."""
    origins, refusal = {}, ""
    try:
        origins = dict(load_settings(overrides=overrides).origins)
    except SettingInvalid as exc:
        refusal = str(exc)

    assert bool(origins) != bool(refusal)
    assert all(origins.get(name, "this command") == "this command" for name in overrides)
    assert not refusal or any(name.partition(".")[0] in refusal for name in overrides)


def test_the_example_is_toml() -> None:
    """And its tables are the sections."""
    tables = tomllib.loads(example())
    assert [name for name, value in tables.items() if isinstance(value, dict)] == list(sections())
