"""The verifier stands alone: the standard library and `cryptography`, nothing else, also when copied away."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.verify.kit import LOG_KEY, day_of, write_log

import jinku.verify

HOME = Path(jinku.verify.__file__).parent


def test_it_imports_nothing_else() -> None:
    for path in HOME.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert (
                    top in sys.stdlib_module_names or top == "cryptography" or name.startswith("jinku.verify")
                ), name


def test_a_copy_of_it_works_without_the_rest(tmp_path: Path) -> None:
    package = tmp_path / "alone" / "jinku"
    shutil.copytree(HOME, package / "verify", ignore=shutil.ignore_patterns("__pycache__"))
    log = write_log(tmp_path / "log", day_of(0).leaves)
    start = f"import sys; sys.path.insert(0, {str(package.parent)!r}); "
    code = start + "from jinku.verify.command import main; sys.exit(main())"
    command = [sys.executable, "-I", "-c", code, "log", str(log), "--key", LOG_KEY.vkey, "--json"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True), done.stderr
