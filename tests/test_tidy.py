"""House rules that run: size, shape and documentation of the source, each failure with its reason."""

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))

FILE_LINES_MEDIAN_MAX = 150
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 7
DOCUMENTED_MIN = 0.95
BROAD_EXCEPTS_PER_1000_LINES_MAX = 0.3

Function = ast.FunctionDef | ast.AsyncFunctionDef


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path, node


def functions() -> Iterator[tuple[str, Function]]:
    for path, node in nodes():
        if isinstance(node, Function):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def public(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Public functions, classes and methods of a module: what a reader meets first."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}.{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}.{node.name}")


def test_files_are_small_enough_to_hold_in_mind() -> None:
    sizes = {path: len(lines(path)) for path in SOURCES}
    too_long = {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > FILE_LINES_MAX}
    assert not too_long, f"files over {FILE_LINES_MAX} lines hide what they hold: {too_long}"
    assert statistics.median(sizes.values()) <= FILE_LINES_MEDIAN_MAX


def test_functions_fit_on_a_screen() -> None:
    too_long = [
        name
        for name, node in functions()
        if (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not too_long, f"functions over {FUNCTION_LINES_MAX} lines do more than one thing: {too_long}"


def test_calls_need_few_arguments() -> None:
    crowded = []
    for name, node in functions():
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        count = sum(argument.arg not in ("self", "cls") for argument in every)
        if count > PARAMETERS_MAX and not _is_command(node):
            crowded.append(f"{name} ({count})")
    assert not crowded, f"over {PARAMETERS_MAX} parameters: make a frozen request object: {crowded}"


def _is_command(node: Function) -> bool:
    """Typer reads a command's options from its parameters; their number is the command's, not the code's."""
    return "typer.Option" in ast.unparse(node.args) or any(
        "command" in ast.unparse(decorator) for decorator in node.decorator_list
    )


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(p.relative_to(ROOT)) for p in SOURCES if not ast.get_docstring(ast.parse(p.read_text("utf-8")))
    ]
    assert not silent, f"modules without a docstring: {silent}"


def test_public_names_are_documented() -> None:
    documented = [
        (name, ast.get_docstring(node) is not None)
        for path in SOURCES
        for name, node in public(ast.parse(path.read_text("utf-8")).body, path.stem)
        if not (isinstance(node, Function) and _is_override(node))
    ]
    share = sum(has for _, has in documented) / len(documented)
    missing = [name for name, has in documented if not has]
    assert share >= DOCUMENTED_MIN, f"{share:.1%} of public names documented; missing: {missing[:40]}"


def _is_override(node: Function) -> bool:
    return any(ast.unparse(decorator).endswith(("override", "overload")) for decorator in node.decorator_list)


def test_everything_is_annotated() -> None:
    bare = [
        name
        for name, node in functions()
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        if argument.annotation is None and argument.arg not in ("self", "cls")
    ]
    bare += [name for name, node in functions() if node.returns is None]
    assert not bare, f"not annotated: {bare}"


def test_broad_excepts_are_rare_and_give_their_reason() -> None:
    broad, unexplained = 0, []
    for path, node in nodes():
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node):
            broad += 1
            above = lines(path)[max(0, node.lineno - 3) : node.lineno]
            if not any("#" in line for line in above):
                unexplained.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    total = sum(len(lines(path)) for path in SOURCES)
    assert not unexplained, f"broad except without a reason beside it: {unexplained}"
    assert broad * 1000 / total <= BROAD_EXCEPTS_PER_1000_LINES_MAX, f"{broad} broad excepts in {total} lines"


def _catches_everything(node: ast.ExceptHandler) -> bool:
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
    )


def test_invariants_survive_python_minus_o() -> None:
    asserts = [f"{p.relative_to(ROOT)}:{n.lineno}" for p, n in nodes() if isinstance(n, ast.Assert)]
    assert not asserts, f"`-O` removes assert; raise a named error: {asserts}"


def test_no_float_touches_money() -> None:
    """The rooms that hold amounts never convert to float."""
    guilty = []
    for path, node in nodes():
        if path.relative_to(ROOT / "src" / "jinku").parts[0] not in ("base", "ledger", "custody", "verify"):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float":
            guilty.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert not guilty, f"amounts are integers of minor units: {guilty}"


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_locks_are_hashed_and_name_no_host() -> None:
    for name in ("run.txt", "dev.txt"):
        text = (ROOT / "requirements" / name).read_text()
        pins = re.findall(r"^[A-Za-z0-9][^=\n]*==\S+", text, re.MULTILINE)
        assert len(pins) > 10
        assert text.count("--hash=sha256:") >= len(pins)
        assert "://" not in text
        assert "index-url" not in text


def test_no_generated_junk_or_machine_paths() -> None:
    for path in _tracked():
        assert not re.search(r"__pycache__|\.pyc$|\.nbi$|\.nbc$|demo-out", str(path.relative_to(ROOT)))
        if path.suffix in (".py", ".md", ".toml", ".txt", "") and path.stat().st_size < 1 << 20:
            text = path.read_text(encoding="utf-8", errors="replace")
            for needle in ("/work" + "/", "/root" + "/.", "/home" + "/"):
                assert needle not in text, f"{path.relative_to(ROOT)} names a path of one machine: {needle}"


def test_compiled_code_stands_below_what_it_calls() -> None:
    """What is cached of compiled code is known by the code it names; a name that comes later is not seen."""
    wrong: list[str] = []
    for path in SOURCES:
        body = ast.parse(path.read_text(encoding="utf-8")).body
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        compiled = [
            node for node in functions if _COMPILERS & {ast.unparse(one) for one in node.decorator_list}
        ]
        places = {node.name: node.lineno for node in functions}
        for node in compiled:
            called = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
            later = sorted(name for name in called & places.keys() if places[name] > node.lineno)
            wrong += [f"{path.relative_to(ROOT)}:{node.lineno} {node.name} calls {name}" for name in later]
    assert not wrong, f"compiled code above what it calls runs stale copies of it: {wrong}"


_COMPILERS = {"compiled", "inlined", "released"}
