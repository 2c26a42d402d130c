"""The documentation is held to the code: examples run, options are explained, both READMEs say the same."""

import doctest
import importlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import toy
from penchant.cli import VERBS, application
from source import ROOT, modules

READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = sorted((ROOT / "docs").glob("*.md"))
TEXTS = [*READMES, *PAGES, ROOT / "CONTRIBUTING.md"]
SELF_EXPLAINED = {"", "types", "errors"}
"""The package itself, and two files of names whose docstrings are their page."""


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[list[str]]:
    """The lines of a page's shell blocks, split into words, without comments."""
    lines = "\n".join(blocks(page, "sh")).splitlines()
    return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def verbs(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Every verb of the command line with its options."""
    shown = [parameter for parameter in command.params if not parameter.hidden]
    names = {name for parameter in shown for name in (*parameter.opts, *parameter.secondary_opts)}
    yield path, {name for name in names if name.startswith("-")}
    for name, inner in getattr(command, "commands", {}).items():
        yield from verbs(inner, (*path, name))


@pytest.fixture(scope="module")
def command_line() -> dict[tuple[str, ...], set[str]]:
    return dict(verbs(typer.main.get_command(application(*VERBS))))


def test_every_room_has_a_page() -> None:
    furnished = {module.room for module in modules().values() if module.text.strip()} - SELF_EXPLAINED
    missing = furnished - {page.stem for page in PAGES}
    assert not missing, f"no page docs/x.md for {sorted(missing)}"


def test_every_option_is_explained(command_line: dict[tuple[str, ...], set[str]]) -> None:
    pages = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", pages))
    silent = {
        f"{' '.join(path)} {option}"
        for path, options in command_line.items()
        for option in options - named - {"--help", "--install-completion", "--show-completion"}
    }
    assert not silent, f"no page in docs/ names {sorted(silent)}"


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_commands_that_are_shown_exist(page: Path, command_line: dict[tuple[str, ...], set[str]]) -> None:
    for words in commands(page):
        if words[0] != "penchant":
            continue
        assert (words[1],) in command_line, f"{page.name}: penchant {words[1]}"
        options = {word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
        unknown = options - command_line[words[1],] - {"--help"}
        assert not unknown, f"{page.name}: penchant {words[1]} has no {sorted(unknown)}"


@pytest.mark.parametrize("page", [READMES[0], *PAGES], ids=lambda page: page.name)
def test_examples_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of a page run one after the other, beside a folder DIR of tables."""
    toy.write_tables(tmp_path / "DIR")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), names)


EXAMPLES = [name for name, module in modules().items() if ">>> " in module.text]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_in_docstrings_run(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted
    assert not result.failed


def test_both_readmes_say_the_same() -> None:
    levels = [re.findall(r"^#+(?= )", page.read_text(encoding="utf-8"), re.MULTILINE) for page in READMES]
    assert levels[0] == levels[1]
    assert commands(READMES[0]) == commands(READMES[1])
    assert blocks(READMES[0], "python") == blocks(READMES[1], "python")
    numbers = [re.findall(r"\d+\.\d+", page.read_text(encoding="utf-8")) for page in READMES]
    assert sorted(numbers[0]) == sorted(numbers[1])


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing
