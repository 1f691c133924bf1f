"""Awaits: every place of some modules where a task may wait, found in the syntax tree, each a place to raise at."""

import ast
import importlib
import inspect
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

HOOK = "__at_await__"


class Raiser:
    """Raises `error` at the await called `place`, `before` what is awaited or after it; once, or every time."""

    def __init__(self, place: str, error: BaseException, *, before: bool, always: bool = False) -> None:
        self.place, self.raised = place, 0
        self._error, self._before, self._always = error, before, always

    def disarm(self) -> None:
        """Raise no more."""
        self.place = ""

    async def __call__(self, place: str, waited: Awaitable[Any] | None) -> Any:
        hit = place == self.place and (self._always or not self.raised)
        self.raised += hit
        if hit and self._before:
            if inspect.iscoroutine(waited):
                waited.close()
            raise self._error
        result = None if waited is None else await waited
        if hit:
            raise self._error
        return result


def places(modules: Sequence[str]) -> list[str]:
    """Each await of these modules, as `module:Class.method:what is awaited`, in their order."""
    return [place for name in modules for place in _Hooks(importlib.import_module(name)).places]


@contextmanager
def raising(modules: Sequence[str], raiser: Raiser) -> Iterator[None]:
    """The modules' own functions, with the raiser told at each await; as they were afterwards, when nothing of them may
    run any more."""
    changed: list[tuple[FunctionType, CodeType]] = []
    for name in modules:
        module = importlib.import_module(name)
        vars(module)[HOOK] = raiser
        for function, code in _Hooks(module).functions():
            changed.append((function, function.__code__))
            function.__code__ = code
    try:
        yield
    finally:
        for function, code in changed:
            function.__code__ = code
        for name in modules:
            del vars(importlib.import_module(name))[HOOK]


class _Hooks(ast.NodeTransformer):
    """A module's tree with every `await x` as `await HOOK(place, x)`, and such a wait before every `async with`."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._inside: list[str] = []
        self.places: list[str] = []
        tree = self.visit(ast.parse(inspect.getsource(module)))
        self._code = compile(ast.fix_missing_locations(tree), str(module.__file__), "exec", dont_inherit=True)

    def functions(self) -> Iterator[tuple[FunctionType, CodeType]]:
        """Each coroutine function that is there, with its new code."""
        for code in _codes(self._code):
            if code.co_flags & inspect.CO_COROUTINE:
                found: Any = self._module
                for name in code.co_qualname.split("."):
                    found = vars(found)[name]
                yield found, code

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:  # as ast calls it
        return self._within(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._within(node)

    def visit_Await(self, node: ast.Await) -> ast.AST:
        place = self._place(ast.unparse(node.value))
        self.generic_visit(node)
        return ast.copy_location(_hooked(place, node.value), node)

    def visit_AsyncWith(self, node: ast.AsyncWith) -> list[ast.AST]:
        place = self._place("with " + ", ".join(map(ast.unparse, node.items)))
        self.generic_visit(node)
        return [ast.copy_location(ast.Expr(_hooked(place, ast.Constant(None))), node), node]

    def _within(self, node: ast.ClassDef | ast.AsyncFunctionDef) -> ast.AST:
        self._inside.append(node.name)
        self.generic_visit(node)
        self._inside.pop()
        return node

    def _place(self, what: str) -> str:
        place = f"{self._module.__name__}:{'.'.join(self._inside)}:{what}"
        if place in self.places:
            place += " again"
        self.places.append(place)
        return place


def _hooked(place: str, waited: ast.expr) -> ast.Await:
    return ast.Await(ast.Call(ast.Name(HOOK, ast.Load()), [ast.Constant(place), waited], []))


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
