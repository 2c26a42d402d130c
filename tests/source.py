"""The package as text: its modules, what they import and define. Nothing of it is run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"

Definition: TypeAlias = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported name: a dotted module or a name in one; deferred means inside a function."""

    target: str
    line: int
    deferred: bool


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def room(self) -> str:
        """The part of the name after the package; empty for the package itself."""
        return self.name.partition(".")[2].partition(".")[0]

    @cached_property
    def imports(self) -> list[Import]:
        return list(self._imports(self.tree, deferred=False))

    def _imports(self, node: ast.AST, *, deferred: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(alias.name, child.lineno, deferred) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = self._absolute(child)
                yield from (Import(f"{base}.{a.name}", child.lineno, deferred) for a in child.names)
            else:
                inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from self._imports(child, deferred=deferred or inside)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".") + (["__init__"] if self.path.name == "__init__.py" else [])
        return ".".join([*parts[: -node.level], *([node.module] if node.module else [])])

    def definitions(self) -> Iterator[Definition]:
        """Every class and function, methods and inner functions among them."""
        for node in ast.walk(self.tree):
            if isinstance(node, Definition):
                yield node

    def public(self) -> Iterator[Definition]:
        """The classes, functions and methods that others may use."""
        bodies = [self.tree.body]
        while bodies:
            for node in bodies.pop():
                if isinstance(node, Definition) and not node.name.startswith("_"):
                    yield node
                    if isinstance(node, ast.ClassDef):
                        bodies.append(node.body)

    def place(self, line: int) -> str:
        """A place as editors understand it."""
        return f"{self.path.relative_to(ROOT)}:{line}"


def modules() -> dict[str, Module]:
    """All modules of the package by their dotted names."""
    found = {}
    for path in sorted((SRC / "penchant").rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = Module(name, path)
    return found


def first_party(target: str, known: dict[str, Module]) -> str | None:
    """The module of the package that an import reaches, None for other packages."""
    while target:
        if target in known:
            return target
        target = target.rpartition(".")[0]
    return None
