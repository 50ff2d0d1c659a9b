"""The form of a lab: the rules that every page keeps, each with the line that breaks it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from labkit.annotation import annotations_in
from labkit.authoring.diagram import diagram_faults
from labkit.lab import Lab
from labkit.mistake import mistakes
from labkit.page import PARTS, Fence, File, Page

OPTIONAL_PARTS = ("Diagram",)
# Stands where something is still to be written.
OPEN = "TODO"
_CODE = re.compile(r"`[^`]*`")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
_OTHER_LABS = re.compile(
    r"\blabs?\s+(\d+)|\b(?:previous|next|earlier|later|other|another) labs?\b|\blabs/",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fault:
    """A rule that a page breaks, on a line of it (0: the page as a whole)."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.line}: {self.what}"


def faults(lab: Lab) -> list[Fault]:
    """Every rule that a lab breaks."""
    return [fault for rule in RULES for fault in rule(lab)]


def _title(lab: Lab) -> Iterator[Fault]:
    if not re.fullmatch(rf"Lab {lab.number}: \S.*", lab.page.title):
        yield Fault(1, f"the title is not “Lab {lab.number}: …”")


def _parts(lab: Lab) -> Iterator[Fault]:
    there = [text for level, text, _ in lab.page.headings if level == 2]
    wanted = [part for part in PARTS if part not in OPTIONAL_PARTS or part in there]
    if there != wanted:
        yield Fault(0, f"its parts are {', '.join(there)}; they must be {', '.join(wanted)}")


def _lengths(lab: Lab) -> Iterator[Fault]:
    for part, least, most in (("Explanation", 2, 3), ("Key takeaway", 1, 2)):
        count = sentences(lab.page.part(part))
        if not least <= count <= most:
            yield Fault(0, f"“{part}” has {count} sentences, it must have {least} to {most}")
    count = len(lab.page.part("Why it matters").split())
    if not 50 <= count <= 100:
        yield Fault(0, f"“Why it matters” has {count} words, it must have 50 to 100")


def sentences(text: str) -> int:
    """The number of sentences in some Markdown."""
    return len(_SENTENCE_END.findall(_CODE.sub("code", text)))


def _diagrams(lab: Lab) -> Iterator[Fault]:
    drawn = [fence for fence in lab.page.fences if fence.language == "mermaid"]
    for fence in drawn:
        if fence.part != "Diagram":
            yield Fault(fence.line, "a diagram stands outside the part “Diagram”")
        for line, what in diagram_faults(fence.text):
            yield Fault(fence.line + line, what)
    has_part = any(text == "Diagram" for _, text, _ in lab.page.headings)
    if has_part and sum(fence.part == "Diagram" for fence in drawn) != 1:
        yield Fault(0, "the part “Diagram” must hold one diagram")


def _code(lab: Lab) -> Iterator[Fault]:
    for file in _files(lab.page):
        if file.language == "python":
            try:
                ast.parse(file.text)
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", 1) or 1
                yield Fault(file.line + line - 1, f"{file.path} does not compile: {error}")
        for number, text in enumerate(file.text.splitlines()):
            if re.fullmatch(r"\s*(#+|--|//)?\s*(\.\.\.|…)\s*", text):
                yield Fault(file.line + number, f"{file.path} is not whole: a line is left out")


def _annotated(lab: Lab) -> Iterator[Fault]:
    for file in _files(lab.page):
        for line in bare_lines(file.text, file.language):
            text = file.text.splitlines()[line - 1].strip()
            yield Fault(file.line + line - 1, f"nothing annotates “{text}” of {file.path}")


def bare_lines(code: str, language: str) -> list[int]:
    """The lines (from 1) of significant code that no annotation explains.

    In Python every statement and every element of a call or a collection that stands on lines of
    its own needs one: on its own lines, or alone on the lines right below. In other languages
    every block between blank lines needs one.
    """
    notes = annotations_in(code, language)
    noted = {note.line for note in notes}
    if language != "python":
        return list(_bare_blocks(code, noted))
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return []
    alone = {note.line for note in notes if note.alone}
    bare = []
    for first, last in _significant(tree):
        below = last + 1
        if not noted.intersection(range(first, last + 1)) and below not in alone:
            bare.append(first)
    return sorted(set(bare))


def _bare_blocks(code: str, noted: set[int]) -> Iterator[int]:
    block: list[int] = []
    for number, text in enumerate([*code.splitlines(), ""], 1):
        if text.strip():
            block.append(number)
            continue
        if block and not noted.intersection(block):
            yield block[0]
        block = []


def _significant(tree: ast.Module) -> Iterator[tuple[int, int]]:
    """(first, last) line of each statement's own lines and of each element on its own line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not _is_docstring(node):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else (node.end_lineno or node.lineno)
            yield node.lineno, max(node.lineno, last)
        for element in _elements(node):
            if element.lineno > getattr(node, "lineno", element.lineno):
                yield element.lineno, element.end_lineno or element.lineno


def _is_docstring(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _elements(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call):
        return [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return node.elts
    if isinstance(node, ast.Dict):
        return node.values
    return []


def _no_other_lab(lab: Lab) -> Iterator[Fault]:
    for number, text in enumerate(lab.page.source.splitlines(), 1):
        for match in _OTHER_LABS.finditer(text):
            if match[1] is None or int(match[1]) != lab.number:
                yield Fault(number, f"“{match[0]}” sends the reader to another page")


def _turn(lab: Lab) -> Iterator[Fault]:
    if not lab.page.checks:
        yield Fault(0, "“Your turn” has no check")
    hints = lab.page.part("Your turn").count("<details>")
    if not 2 <= hints <= 3:
        yield Fault(0, f"“Your turn” has {hints} hints, it must have two or three")
    for fence in lab.page.fences:
        runs = fence.language == "console" or "title" in fence.attributes
        if runs and fence.part not in ("Annotated code", "Your turn"):
            yield Fault(fence.line, f"a step stands in “{fence.part}”")
        if "check" in fence.flags and fence.part != "Your turn":
            yield Fault(fence.line, "a check stands outside “Your turn”")


def _companions(lab: Lab) -> Iterator[Fault]:
    if not lab.solution.steps:
        yield Fault(0, "solution.md changes nothing")
    wrong = mistakes(lab.mistakes)
    if len(wrong) < 2:
        yield Fault(0, f"mistakes.md has {len(wrong)} mistakes, it must have two or more")
    for mistake in wrong:
        if not mistake.verdict.strip():
            yield Fault(mistake.line, f"the mistake “{mistake.name}” has no verdict")
    named = {f.attributes.get("snapshot", "") for f in lab.page.fences}
    for name in sorted(lab.snapshots - named):
        yield Fault(0, f"snapshots/{name}.yaml is named by no fence")
    known = {"README.md", "solution.md", "mistakes.md", "snapshots"}
    for path in sorted(lab.folder.iterdir()):
        if path.name not in known:
            yield Fault(0, f"{path.name} does not belong into a lab")


def _files(page: Page) -> list[File]:
    return [step for step in page.steps if isinstance(step, File)]


def scaffold(lab: Lab) -> list[Fence]:
    """The files of a page that stand folded, because they are not its subject."""
    folded: list[Fence] = []
    source = lab.page.source.splitlines()
    for fence in lab.page.fences:
        above = source[: fence.line]
        if above.count("<details>") > above.count("</details>") and "title" in fence.attributes:
            folded.append(fence)
    return folded


def _open(lab: Lab) -> Iterator[Fault]:
    for page in (lab.page, lab.solution, lab.mistakes):
        for number, text in enumerate(page.source.splitlines(), 1):
            if OPEN in text:
                where = "" if page is lab.page else f" of {page.path.name}"
                yield Fault(number, f"line {number}{where} is still to be written")


RULES: tuple[Callable[[Lab], Iterator[Fault]], ...] = (
    _title,
    _parts,
    _lengths,
    _diagrams,
    _code,
    _annotated,
    _no_other_lab,
    _turn,
    _companions,
    _open,
)
