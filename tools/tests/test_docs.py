"""What the handbook says is there: files, commands, links, and pages from the code."""

import argparse
import re
from functools import lru_cache

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from tools import cli, places, problem_causes, reference_pages

TOP = (
    *("construction_sync", "construction_sync_queue", "test_construction_sync"),
    *("tools", "simulator", "harness", "benchmarks", "examples", "docs", ".ci"),
)
REPOSITORY_PATH = re.compile(
    rf"(?<![\w/.-])(?:{'|'.join(re.escape(name) for name in TOP)})/[\w./-]*\w"
)
COMMAND = re.compile(
    r"\./run ([a-z0-9]+(?:-[a-z]+)*)((?: +(?!--(?:\s|$))--?[a-z][a-z-]*)*)"
)


def rst_files():
    made = re.compile(r"(?:\..*|var|node_modules)")
    names = (path.relative_to(places.REPO) for path in places.REPO.rglob("*.rst"))
    return sorted(
        name.as_posix()
        for name in names
        if not any(made.fullmatch(part) for part in name.parts)
    )


@lru_cache(None)
def document(name):
    path = places.REPO / name
    settings = {"report_level": 1, "halt_level": 1, "input_encoding": "utf-8"}
    return publish_doctree(
        path.read_text("utf-8"), str(path), settings_overrides=settings
    )


@lru_cache(None)
def options():
    """``{command: {option}}`` of ./run."""
    (sub,) = (
        action
        for action in cli.parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return {
        name: {option for action in parser._actions for option in action.option_strings}
        for name, parser in sub.choices.items()
    }


@pytest.mark.parametrize("name", rst_files())
def test_a_page_is_sound_and_its_links_lead_somewhere(name):
    tree = document(name)
    folder = (places.REPO / name).parent
    for image in tree.findall(nodes.image):
        assert (folder / image["uri"]).is_file(), image["uri"]
    for link in tree.findall(nodes.reference):
        address = link.get("refuri", "")
        if re.match(r"[a-z]+:", address):
            continue
        path, _hash, fragment = address.partition("#")
        if not path:
            continue
        target = (folder / path).resolve()
        assert target.exists(), address
        if fragment:
            relative = target.relative_to(places.REPO).as_posix()
            assert fragment in document(relative).ids, address


@pytest.mark.parametrize("name", rst_files())
def test_what_a_page_names_is_there(name):
    for literal in document(name).findall(
        lambda node: isinstance(node, (nodes.literal, nodes.literal_block))
    ):
        text = literal.astext()
        for path in REPOSITORY_PATH.findall(text):
            assert (places.REPO / path).exists(), path
        for command, given in COMMAND.findall(text):
            assert command in options(), f"./run {command}"
            unknown = set(given.split()) - options()[command]
            assert not unknown, f"./run {command} {unknown}"


def test_every_command_of_run_is_in_the_readme():
    text = document("README.rst").astext()
    for command in cli.COMMANDS:
        assert f"./run {command}" in text, command


@pytest.mark.parametrize("path", reference_pages.pages())
def test_a_page_from_the_code_is_up_to_date(path):
    written = (places.REPO / path).read_text("utf-8")
    assert written == reference_pages.pages()[path], (
        f"{path} is not what the code says; 'python -m tools.reference_pages' with the "
        "interpreter of ./run writes it"
    )


def test_every_kind_of_problem_has_its_cause():
    assert set(problem_causes.CAUSES) == set(reference_pages.catalogue())


@pytest.mark.parametrize(
    "place",
    ["construction_sync", "construction_sync_queue", "test_construction_sync"],
)
def test_an_addon_says_what_it_is_for(place):
    text = document(f"{place}/README.rst").astext()
    assert len(text.split()) > 20
