"""The rules of the house (architecture 3), as functions from sources to faults.

A tree is a mapping of path ("shared/model.py") to source text, so each rule can be shown a small made-up house and
must find the fault in it. A fault is one sentence that begins with the path; no faults is an empty list.
"""

import ast
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from sys import stdlib_module_names

from tests.support.house_rules import (
    EVERYWHERE,
    FORBIDDEN_NAMES,
    IMPURE_CALLS,
    IMPURE_MODULES,
    IMPURE_NAMES,
    LIBRARIES,
    LONGEST_MODULE,
    MAY_CATCH_ALL,
    MAY_DO_AT_IMPORT,
    OURS,
    PURE,
)

Tree = Mapping[str, str]


def read_tree(root: Path) -> dict[str, str]:
    """Return every Python source of the product below `root`."""
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for folder in OURS
        for path in sorted((root / folder).rglob("*.py"))
    }


def imports(path: str, source: str) -> Iterator[str]:
    """Yield the dotted name of everything `source` imports, those for type checking only included.

    `from a import b` yields both `a` and `a.b`: b may be a module. Relative names are made absolute.
    """
    package = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def misplaced_libraries(tree: Tree) -> list[str]:
    faults = []
    for path, source in tree.items():
        for library in sorted({name.split(".")[0] for name in imports(path, source)}):
            if (library in stdlib_module_names and library not in LIBRARIES) or library in OURS:
                continue
            places = LIBRARIES.get(library)
            if places is None:
                faults.append(f"{path}: {library} has no place in the table of libraries")
            elif places is not EVERYWHERE and not _matches(path, places):
                faults.append(f"{path}: {library} belongs in {', '.join(places) or 'no module of ours'}")
            elif path.startswith("deploy/"):
                faults.append(f"{path}: launchers are plain standard library, not {library}")
    return faults


def forbidden_directions(tree: Tree) -> list[str]:
    """Dependencies run one way: services -> shared, the command line -> deploy, and never service to service."""
    faults: list[str] = []
    for path, source in tree.items():
        named = sorted(set(imports(path, source)))
        faults.extend(f"{path}: imports {name}: {reason}" for name in named if (reason := _forbidden(path, name)))
    return faults


def _forbidden(path: str, name: str) -> str | None:
    here, there = path.removesuffix(".py").split("/"), name.split(".")
    if there[0] == "tests":
        return "the product knows nothing of its tests"
    if here[0] == "shared" and there[0] in {"services", "deploy"}:
        return "shared stands below the services"
    if here[0] == "deploy" and there[0] in {"services", "shared"}:
        return "launchers stand alone"
    if here[0] == "services" and there[0] == "deploy" and here[1] != "cli":
        return "only the command line starts processes"
    if here[0] == "services" and there[0] == "services" and there[1:2] not in ([], [here[1]]):
        return "services never import each other"
    if here[:2] == ["services", "sandbox"] and there[:2] in (["shared", "wire"], ["shared", "vonage"]):
        return "the sandbox is the independent witness"
    return None


def impurities(tree: Tree) -> list[str]:
    """Faults in the pure modules and in every module of ours that they reach."""
    reached = sorted(path for path in tree if _matches(path, PURE))
    faults: list[str] = []
    for path in reached:  # grows while it is walked: what a pure module imports must be pure too
        names = set(imports(path, tree[path]))
        reached.extend(below for below in _files_of(names, tree) if below not in reached)
        faults.extend(
            f"{path}: a pure module imports {name}"
            for name in sorted(names)
            if name in IMPURE_NAMES or name.split(".")[0] in IMPURE_MODULES
        )
        faults.extend(f"{path}:{line}: a pure module calls {call}" for line, call in _impure_calls(tree[path]))
    return faults


def _files_of(names: set[str], tree: Tree) -> Iterator[str]:
    for name in names:
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            stem = "/".join(parts[:length])
            yield from (path for path in (f"{stem}.py", f"{stem}/__init__.py") if path in tree)


def _impure_calls(source: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            called = node.func
            name = (
                called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            )
            if name in IMPURE_CALLS[type(called) is ast.Attribute]:
                yield node.lineno, f"{name}()"


def caught_too_much(tree: Tree) -> list[str]:
    """`except Exception`, `except BaseException` and a bare `except` that do not end by raising again."""
    return [
        f"{path}:{line}: only an outermost loop may catch everything, not {function or 'a module'}()"
        for path, source in tree.items()
        for line, function in catchers(source)
        if f"{path}:{function}" not in MAY_CATCH_ALL
    ]


def catchers(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line of each handler that catches everything for good, and the innermost function it is in."""
    within: list[tuple[ast.AST, str]] = [(ast.parse(source), "")]
    while within:
        node, function = within.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.ExceptHandler) and _catches_all(node.type):
            last = node.body[-1]
            if not (isinstance(last, ast.Raise) and last.exc is None):
                yield node.lineno, function
        within.extend((child, function) for child in ast.iter_child_nodes(node))


def _catches_all(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    named = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(each, ast.Name) and each.id in {"Exception", "BaseException"} for each in named)


def ill_made_modules(tree: Tree) -> list[str]:
    """Modules without a docstring, too long, named after nothing, or doing something when imported."""
    faults = []
    for path, source in tree.items():
        module = ast.parse(source)
        lines = len(source.splitlines())
        if not ast.get_docstring(module):
            faults.append(f"{path}: has no docstring")
        if lines > LONGEST_MODULE:
            faults.append(f"{path}: {lines} lines; {LONGEST_MODULE} are the most")
        if named := FORBIDDEN_NAMES.intersection(Path(path).with_suffix("").parts):
            faults.append(f"{path}: {', '.join(sorted(named))}: a name without an idea")
        if not _matches(path, MAY_DO_AT_IMPORT):
            faults.extend(
                f"{path}:{node.lineno}: something happens at import"
                for node in module.body
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await)
            )
    return faults


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)
