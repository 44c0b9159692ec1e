"""What we ship holds together: mappings that pass, docs that name everything, links that lead somewhere.

Rules, options and settings have their own in tests/config/test_shipped.py.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import __version__
from bridge.channels import CHANNELS
from bridge.cli import COMMANDS, main
from bridge.helpdesks import HELPDESKS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
MANUAL = "\n".join(page.read_text() for page in PAGES)


def written(name: str, text: str) -> bool:
    """Whether *text* has *name* as a word of its own."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None


# --- the mappings ----------------------------------------------------------------------------------


@pytest.fixture
def mappings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped mappings, away from any configuration of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BRIDGE_MAPPINGS", raising=False)
    folder = tmp_path / "mappings"
    shutil.copytree(ROOT / "mappings", folder, ignore=shutil.ignore_patterns("connections.yaml"))
    return folder


def test_the_shipped_mappings_pass_the_check(
    mappings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(mappings)]) == 0
    assert capsys.readouterr().out.endswith("fine\n")


def test_the_shipped_mappings_with_the_example_connections_pass_the_check(
    mappings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(mappings / "connections.example.yaml", mappings / "connections.yaml")
    assert main(["check", str(mappings)]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in ("meta", "telegram", "zendesk"))


def test_a_misspelled_priority_in_the_shipped_rules_fails_the_check(
    mappings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = mappings / "rules.yaml"
    rules.write_text(re.sub(r"(?m)^( .*\bpriority: )high", r"\1higj", rules.read_text(), count=1))
    assert main(["check", str(mappings)]) == 1
    assert re.search(r"rules\.yaml:\d+: .*'?higj'?.*did you mean 'high'", capsys.readouterr().out)


# --- the docs name everything ------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_has_its_page(name: str) -> None:
    assert (ROOT / "docs" / "channels" / f"{name}.md").is_file()


@pytest.mark.parametrize("name", HELPDESKS)
def test_every_helpdesk_has_its_page(name: str) -> None:
    assert (ROOT / "docs" / "helpdesks" / f"{name}.md").is_file()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"bridge {command}" in MANUAL


def variables() -> list[str]:
    """Every environment variable of the product's own that the code names."""
    code = "\n".join(path.read_text() for path in ROOT.glob("bridge/**/*.py"))
    return sorted({*re.findall(r"""["'](BRIDGE_[A-Z_]+)["']""", code), "PORT", "REDIS_URL"})


@pytest.mark.parametrize("variable", variables())
def test_every_environment_variable_is_documented(variable: str) -> None:
    assert written(variable, MANUAL)


def routes() -> set[str]:
    """The first parts of every address the web process answers."""
    code = "\n".join(path.read_text() for path in ROOT.glob("bridge/web/*.py"))
    told = re.findall(r"""app\.(?:get|post|route)\(\s*["'](/[a-z]+)""", code)
    return {*told, *re.findall(r"""url_prefix=["'](/[a-z]+)""", code)}


def test_every_address_of_the_web_process_is_documented() -> None:
    assert {"/hooks", "/healthz", "/readyz", "/metrics", "/console"} <= routes()
    assert [route for route in routes() if route not in MANUAL] == []


def keys() -> set[str]:
    """The first parts of the names of all keys in Redis, as the scripts and their callers write them."""
    lua = "\n".join(path.read_text() for path in ROOT.glob("bridge/lua/*.lua"))
    files = (*ROOT.glob("bridge/store/*.py"), *ROOT.glob("bridge/jobs/*.py"))
    code = "\n".join(path.read_text() for path in files)
    told = {
        *re.findall(r"\bP \.\. '([a-z]+:?)", lua),
        *re.findall(r'(?<!dedupe=)\bf"([a-z]+:)\{', code),
    }
    # Names of events, lanes, limits and alarms: not where something is kept.
    return told - {
        "account:",
        "comment:",
        "erased:",
        "limit:",
        "mute:",
        "notify:",
        "out:",
        "quiet:",
        "repeated:",
        "room:",
        "silence:",
        "unsent:",
    }


def test_every_key_in_redis_is_documented() -> None:
    table = (ROOT / "docs" / "redis.md").read_text()
    assert {"d:", "e:", "due", "lease:", "sent:", "token:"} <= keys()
    assert [
        key for key in keys() if f"`{key}{'<' if key.endswith(':') else '`'}" not in table
    ] == []


# --- the links lead somewhere ------------------------------------------------------------------------

_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as web views of Markdown make them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def broken(page: Path, text: str) -> Iterator[str]:
    """The links in *text*, as it would stand in *page*, that lead nowhere."""
    for target in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(broken(page, page.read_text())) == []


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("[it](README.md)", True),
        ("[it](README.md#operate)", True),
        ("[it](https://example.com/nowhere)", True),
        ("`[it](nowhere.md)`", True),
        ("[it](nowhere.md)", False),
        ("[it](README.md#nowhere)", False),
        ("![it](docs/images/nowhere.png)", False),
    ],
)
def test_the_search_for_broken_links_finds_them(link: str, leads: bool) -> None:
    assert (not list(broken(ROOT / "README.md", link))) is leads


def test_every_page_that_the_code_names_is_there() -> None:
    files = [
        path
        for folder in ("bridge", "mappings", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".lua", ".yaml", ".js") and path != Path(__file__)
    ]
    told = {
        name: path.relative_to(ROOT).as_posix()
        for path in files
        for name in re.findall(r"(?<![\w/.])docs/[\w/.-]+\.md", path.read_text())
    }
    assert {name: by for name, by in told.items() if not (ROOT / name).is_file()} == {}


def test_every_page_is_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text())}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {index}
    assert pages - linked == set()


# --- the version ----------------------------------------------------------------------------------------


def test_the_changelog_has_an_entry_for_this_version() -> None:
    entries = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    entry = next((one for one in entries if one.split(" ")[0].strip() == __version__), "")
    assert entry.count("\n- ") >= 1
