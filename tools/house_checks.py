"""What this repository asks of its files beyond what common linters know."""

import ast
import csv
import re
from dataclasses import dataclass
from pathlib import Path

from tools import places, suite
from tools.house_rules import COMMIT_ROOMS, PRIVILEGED
from tools.program import quietly
from tools.terminal import CannotGoOn

TEXT = {
    *(".py", ".xml", ".csv", ".rst", ".md", ".txt", ".js", ".scss", ".css", ".sh"),
    *(".toml", ".yaml", ".yml", ".json", ".conf", ".cfg", ".sql", ".po", ".pot", ""),
}
FOLDERS = ("models", "data", "security", "views", "tests", "i18n")
FILES = ("README.rst", "__init__.py", "static/description/icon.png", "pyproject.toml")

# Brackets keep these expressions from finding themselves.
MACHINE_PATH = re.compile(r"(?<![\w.~}-])/(?:work|root|tmp|home/[a-z]\w+)/")
REGISTRY_HOST = re.compile(
    r"\b(?:deb|ftp|security|snapshot)\.debian\.org|\bpypi\.(?:org|python)"
    r"|python[h]osted|registry\.npm[j]s|proxy\.go[l]ang"
)
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E)\b")
SUDO = re.compile(r"\.sudo\(|\bSUPERUSER_ID\b|\.with_user\(1\)")
COMMIT = re.compile(r"\b(?:cr|_cr|cursor)\.(?:commit|rollback)\(")
SUPPRESSION = re.compile(
    r"#\s*(?:ruff:\s*)?noqa\b(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?(?P<noqa>.*)"
    r"|#\s*pylint:\s*disable=[\w-]+(?:\s*,\s*[\w-]+)*(?P<pylint>.*)"
)


@dataclass(frozen=True)
class Finding:
    """What is wrong, where; ``line`` is 0 when it is about a whole file or folder."""

    path: str
    line: int
    sentence: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.sentence}"


def check_all():
    """Return every finding in the repository."""
    found = []
    for path in text_files():
        name = path.relative_to(places.REPO).as_posix()
        lines = path.read_text("utf-8", errors="replace").splitlines()
        for check in (check_words, check_privileges, check_suppressions):
            found += check(name, lines)
    for addon in suite.addons():
        found += check_layout(places.REPO / addon)
        found += check_access(places.REPO / addon)
    for name in PRIVILEGED:
        path = places.REPO / name
        if path.parts[len(places.REPO.parts)] in suite.addons() and (
            not path.is_file() or not SUDO.search(path.read_text("utf-8"))
        ):
            sentence = "raises no rights any more; take it out of tools/house_rules.py"
            found.append(Finding(name, 0, sentence))
    return sorted(found, key=str)


def text_files():
    """Return the text files that are or could be committed."""
    command = ["git", "-C", places.REPO, "ls-files", "-co", "--exclude-standard"]
    listed = quietly(command)
    if listed is None:
        raise CannotGoOn(
            "The house checks ask git which files are the repository's, and it does "
            "not know; install git and use a clone."
        )
    names = listed.splitlines()
    paths = (places.REPO / name for name in names)
    return [x for x in paths if x.suffix in TEXT and x.is_file()]


def check_words(name, lines):
    """Refuse machine paths, addresses of package registries and unfinished work."""
    reasons = (
        (MACHINE_PATH, "a path of one machine; take it from the environment"),
        (REGISTRY_HOST, "a package registry by host name; use the machine's own"),
        (UNFINISHED, "unfinished work; do it, or say in the documents what is left"),
    )
    return [
        Finding(name, number, f"{found[0]!r} is {sentence}")
        for number, line in enumerate(lines, start=1)
        for expression, sentence in reasons
        if (found := expression.search(line))
    ]


def check_privileges(name, lines):
    """Refuse raised rights and transaction control outside their rooms."""
    if not name.endswith(".py") or "/tests/" in name:
        return []
    addons = tuple(f"{addon}/" for addon in suite.addons())
    found = []
    for number, line in enumerate(lines, start=1):
        code = line.partition("#")[0]
        raised = name.startswith(addons) and SUDO.search(code)
        if raised and name not in PRIVILEGED and not _says_why(lines, number):
            found.append(
                Finding(
                    name,
                    number,
                    "raised rights; say why after 'gateway:' on this line or above it, "
                    "or add the file with its reason to tools/house_rules.py",
                )
            )
        if COMMIT.search(code) and not name.startswith(COMMIT_ROOMS):
            found.append(
                Finding(name, number, "a commit or rollback outside the pipeline")
            )
    return found


def _says_why(lines, number):
    """Tell whether a line, or what stands closely above it, has the word."""
    return any("gateway:" in line for line in lines[max(0, number - 5) : number])


def check_suppressions(name, lines):
    """Refuse a silenced linter without a reason on the same line."""
    if not name.endswith(".py"):
        return []
    found = []
    for number, line in enumerate(lines, start=1):
        mark = SUPPRESSION.search(line)
        if not mark:
            continue
        reason = mark["noqa"] or mark["pylint"] or ""
        if len(re.findall(r"[a-z]{2,}", reason)) < 2:
            found.append(Finding(name, number, "a suppression without its reason"))
    return found


def check_layout(addon):
    """Refuse an addon that lacks one of the folders and files that each has."""
    name = addon.name
    missing = [x for x in FOLDERS if not any((addon / x).glob("*"))]
    missing += [x for x in FILES if not (addon / x).is_file()]
    found = [Finding(name, 0, f"{part} is missing or empty") for part in missing]
    if not (addon / "i18n" / f"{name}.pot").is_file():
        found.append(Finding(name, 0, f"i18n/{name}.pot is missing; see ./run i18n"))
    return found


def check_access(addon):
    """Refuse a model that no line of ir.model.access.csv speaks of."""
    granted = set()
    table = addon / "security" / "ir.model.access.csv"
    if table.is_file():
        with table.open(newline="", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                granted.add((row.get("model_id:id") or "").rpartition(".")[2])
    found = []
    for path in sorted(addon.rglob("*.py")):
        if "tests" in path.relative_to(addon).parts:
            continue
        for line, model in stored_models(path):
            if f"model_{model.replace('.', '_')}" not in granted:
                name = path.relative_to(addon.parent).as_posix()
                sentence = f"{model} has no line in security/ir.model.access.csv"
                found.append(Finding(name, line, sentence))
    return found


def stored_models(path):
    """Yield (line, model) for each new model or wizard that a file defines."""
    for node in ast.walk(ast.parse(Path(path).read_text("utf-8"))):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {getattr(base, "attr", getattr(base, "id", "")) for base in node.bases}
        if not bases & {"Model", "TransientModel"}:
            continue
        values = {
            target.id: statement.value
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        model = _constant(values.get("_name"))
        if model and model not in _names(values.get("_inherit")):
            yield node.lineno, model


def _constant(node):
    return node.value if isinstance(node, ast.Constant) else None


def _names(node):
    if isinstance(node, ast.List | ast.Tuple):
        return [_constant(element) for element in node.elts]
    return [_constant(node)]
