"""Reads the package's source: which module imports which, and who touches whose state."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "sioclient"
SOURCES = sorted(ROOT.rglob("*.py"))

ALLOWED_PRIVATE = {
    "_is_owned": "RLock's: threading.Condition asks in the same way, and there is no public one before Python 3.14",
    "_exit": "os._exit is public",
    "_replace": "a method of every NamedTuple, with an underscore so that it is no field",
    "_asdict": "as _replace",
    "_fields": "as _replace",
    "_recv": "websocket-client's: every byte that it reads comes from there, and only WebSocketTransport overrides it",
}
"""Attributes that are not private, though their names begin with an underscore, by the reason."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_of(path: Path) -> str:
    name = ".".join(["sioclient", *path.relative_to(ROOT).with_suffix("").parts])
    return name.removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}


def imports(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the absolute names of all modules that a file imports, with the names that it takes from them."""
    package = ["sioclient", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module, [alias.name for alias in node.names]


def imported_modules(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, also in functions and for types only."""
    found = set()
    for module, names in imports(path):
        submodules = {f"{module}.{name}" for name in names} & MODULES.keys()
        found |= submodules
        if module in MODULES and (len(submodules) < len(names) or not names):
            found.add(module)
    return found - {module_of(path)}


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the shortest circle of each strongly connected component, its first module again at the end."""
    shortest: dict[frozenset[str], list[str]] = {}
    reached = {start: paths_from(graph, start) for start in graph}
    for start, paths in reached.items():
        if start in paths:
            component = frozenset(name for name in paths if start in reached[name])
            known = shortest.get(component)
            if known is None or len(paths[start]) < len(known):
                shortest[component] = paths[start]
    return list(shortest.values())


def paths_from(graph: dict[str, set[str]], start: str) -> dict[str, list[str]]:
    """Return a shortest path to each module that can be reached in one step or more."""
    paths: dict[str, list[str]] = {}
    waiting = [[start]]
    for path in waiting:
        for name in sorted(graph.get(path[-1], ())):
            if name not in paths:
                paths[name] = [*path, name]
                waiting.append(paths[name])
    return paths


class Owner:
    """A class, or the top of a module, with the private names that it defines.

    Attributes:
        bases: the base classes that are named without a module; those of other packages here have one.
    """

    def __init__(self, path: Path, node: ast.ClassDef | ast.Module) -> None:
        self.file = relative(path)
        self.name = getattr(node, "name", "")
        self.bases = [ast.unparse(base).partition("[")[0] for base in getattr(node, "bases", [])]
        nodes = list(inside(node))
        self.accesses = [found for found in nodes if isinstance(found, ast.Attribute) and is_private(found.attr)]
        self.declared = set(chain.from_iterable(map(names_bound_by, node.body)))
        self.defined = self.declared | {
            found.attr for found in self.accesses if is_own(found) and isinstance(found.ctx, ast.Store)
        }


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """Yield everything in a class or module but what is in classes within."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.ClassDef):
            yield from inside(child)


def names_bound_by(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of a class or a module defines there."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [found.id for target in targets for found in ast.walk(target) if isinstance(found, ast.Name)]
        yield from names
        if "__slots__" in names and node.value is not None:
            yield from (str(found.value) for found in ast.walk(node.value) if isinstance(found, ast.Constant))


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def is_own(access: ast.Attribute) -> bool:
    return isinstance(access.value, ast.Name) and access.value.id in ("self", "cls")


def owners(path: Path) -> list[Owner]:
    classes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
    return [Owner(path, tree(path)), *(Owner(path, node) for node in classes)]


def trespasses(houses: list[list[Owner]]) -> Iterator[str]:
    """Yield each use of a private attribute that is defined in another file, or nowhere in the package.

    Args:
        houses: the owners of each file.
    """
    classes: dict[str, list[Owner]] = {}
    for owner in chain.from_iterable(houses):
        classes.setdefault(owner.name, []).append(owner)
    for house in houses:
        for owner in house:
            family = bases_of(owner, classes)
            near = set().union(owner.declared, *(base.defined for base in family if is_near(base, owner)))
            far = set().union(*(base.defined for base in family if not is_near(base, owner)))
            own = near | (owner.defined - far)  # who assigns an attribute of a base in another file does not define it
            others = set().union(*(neighbour.defined for neighbour in house))
            for access in owner.accesses:
                if access.attr not in (own if is_own(access) else others) | ALLOWED_PRIVATE.keys():
                    yield f"{owner.file}:{access.lineno}: {ast.unparse(access)}"


TO_BE_COMPLETED = {"ChannelBase", "ClientBase", "ConnectionBase", "EngineBase", "JoinsBase", "Registry", "WatcherBase"}
"""Classes that both fronts share, each with its own verbs: what they keep is for the class that completes them."""


def is_near(base: Owner, owner: Owner) -> bool:
    """Return whether a class may use the private attributes of a base."""
    return base.file == owner.file or base.name in TO_BE_COMPLETED


def bases_of(owner: Owner, classes: dict[str, list[Owner]]) -> list[Owner]:
    """Return the base classes of a class within the package, and theirs; of several of a name, the nearest."""
    folder = owner.file.rpartition("/")[0]
    bases = [
        min(classes[name], key=lambda found: (found.file != owner.file, found.file.rpartition("/")[0] != folder))
        for name in owner.bases
        if name in classes
    ]
    return [*bases, *chain.from_iterable(bases_of(base, classes) for base in bases)]


MAY_TOUCH = {
    "__init__": "nobody else has the guard yet",
    "__enter__": "it is the door",
    "forget": "after a fork, the lock may be held by a thread that this process does not have",
}
"""Members of the guard that touch the protocol without the lock and are no snapshots, by the reason."""


def is_door(item: ast.withitem) -> bool:
    """Return whether an item of a with statement is ``guard.open()``."""
    call = item.context_expr
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "open"):
        return False
    return ast.unparse(call.func.value).rpartition(".")[2].lstrip("_") == "guard"


def touches_beside_the_door(module: ast.AST) -> Iterator[str]:
    """Yield how a file uses a protocol object elsewhere than in the block of ``with guard.open() as protocol:``."""
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr in ("protocol", "_protocol"):
            yield f"{node.lineno}: {ast.unparse(node)} goes past the door"
        elif isinstance(node, ast.withitem) and is_door(node):
            name = "protocol" if node.optional_vars is None else ast.unparse(node.optional_vars)
            if name != "protocol":
                yield f"{node.context_expr.lineno}: {name} is not called protocol"
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from escapes(node)


def escapes(function: ast.AST) -> Iterator[str]:
    """Yield where a function uses ``protocol`` after its with block, or lets it out of the block."""
    blocks = [
        node for node in inside_function(function) if isinstance(node, ast.With) and any(map(is_door, node.items))
    ]
    if not blocks:
        return
    allowed: set[ast.AST] = set()
    for block in blocks:
        allowed |= {item.optional_vars for item in block.items if item.optional_vars is not None}
        for node in chain.from_iterable([statement, *inside_function(statement)] for statement in block.body):
            if isinstance(node, ast.Attribute):
                allowed.add(node.value)
            elif isinstance(node, ast.Call):
                allowed.update(node.args)
                allowed.update(keyword.value for keyword in node.keywords)
    given = {node for inner in ast.walk(function) if takes_protocol(inner) for node in ast.walk(inner)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == "protocol" and node not in allowed | given:
            yield f"{node.lineno}: protocol is used outside of its with block, or leaves it"


def takes_protocol(node: ast.AST) -> bool:
    """Return whether a function or a lambda has a parameter ``protocol``: who calls it is inside the door."""
    arguments = getattr(node, "args", None)
    return isinstance(arguments, ast.arguments) and any(arg.arg == "protocol" for arg in arguments.args)


def inside_function(node: ast.AST) -> Iterator[ast.AST]:
    """Yield everything in a function or a statement but what is in functions within: those may run later."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from inside_function(child)


def unlocked(guard: ast.AST) -> Iterator[str]:
    """Yield the functions that touch the protocol without the lock, and do not assert that it is held."""
    for function in (node for node in ast.walk(guard) if isinstance(node, ast.FunctionDef)):
        nodes = list(ast.walk(function))
        checks = [node.test for node in nodes if isinstance(node, ast.Assert)]
        checks += [node.func for node in nodes if isinstance(node, ast.Call)]
        if function.name in MAY_TOUCH or any(re.search("assert_held|locked|owned", ast.unparse(n)) for n in checks):
            continue
        blocks = [node for node in nodes if isinstance(node, ast.With) and any(map(takes_lock, node.items))]
        covered = {node for block in blocks for node in ast.walk(block)}
        touches = [node for node in nodes if isinstance(node, ast.Attribute) and node not in covered]
        if any(node.attr in ("protocol", "_protocol") for node in touches):
            yield function.name


def takes_lock(item: ast.withitem) -> bool:
    return is_door(item) or ast.unparse(item.context_expr) in ("self._lock", "self.open()", "self")
