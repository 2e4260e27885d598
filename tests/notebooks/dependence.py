"""Which cells depend on features: a tolerant comparison is tolerant there and nowhere else.

The notebook is read, not run. A name depends on features if it was imported as one of the functions
that compute them, or computed from such a name. Where the reading cannot tell, it says yes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

# Modules whose names depend on features, but for those that are listed: they compute none.
FEATURES = {
    "coursekit.features": frozenset(
        {
            *("CELLS", "ORIENTATIONS", "ORIENTATION_ANGLES", "CKNLayer"),
            *("extract", "maps_to_features", "network_features", "root_sift"),
        }
    ),
    "coursekit.comparison": frozenset(
        {
            *("METHODS", "POSTPROCESSING", "Method", "RankedLists", "Row", "Source"),
            *("read_lists", "read_rows", "stored_lists", "stored_rows"),
        }
    ),
    "coursekit.search": frozenset(),
    "cv2": frozenset(),
}

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def depends_on_features(sources: Sequence[str]) -> list[bool]:
    """Tell for each code cell of a notebook, in order, whether it uses features.

    Parameters
    ----------
    sources : sequence of str
        The cells' code; one that is no Python counts as a cell that does.

    Returns
    -------
    list of bool
    """
    flow = _Flow()
    return [flow.through(source) for source in sources]


class _Flow:
    """The names that depend on features, as execution proceeds."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def through(self, source: str) -> bool:
        try:
            return self._block(ast.parse(source).body, given=False)
        except SyntaxError:
            return True

    def _block(self, statements: Iterable[ast.stmt], *, given: bool) -> bool:
        """Go through statements; `given` says that whether they run depends on features."""
        found = [self._statement(one, given) for one in statements]  # all of them, in order
        return any(found)

    def _statement(self, node: ast.stmt, given: bool) -> bool:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return self._import(node)
        if isinstance(node, ast.For):
            given = given or self._uses(node.iter)
            self._bind(_stored(node.target), given)
            for _ in range(2):  # what the body computes, its next round may use
                inside = self._block([*node.body, *node.orelse], given=given)
            return given or inside
        if isinstance(node, ast.If | ast.While):
            given, before = given or self._uses(node.test), set(self.names)
            inside = self._block([*node.body, *node.orelse], given=given)
            self.names |= before  # the branch may not be taken
            return given or inside
        given = given or self._uses(node)
        self._bind(_stored(node), given)
        if given:
            self.names |= set(_changed(node))
        return given

    def _import(self, node: ast.Import | ast.ImportFrom) -> bool:
        module = getattr(node, "module", None) or ""
        for alias in node.names:
            home = module or alias.name
            root = next((name for name in FEATURES if f"{home}.".startswith(f"{name}.")), None)
            whole = not module and alias.name.startswith("coursekit")
            depends = whole or (root is not None and alias.name not in FEATURES[root])
            self._bind({(alias.asname or alias.name).partition(".")[0]}, depends)
        return False

    def _uses(self, node: ast.AST) -> bool:
        return not self.names.isdisjoint(_loaded(node))

    def _bind(self, names: Iterable[str], depends: bool) -> None:
        if depends:
            self.names.update(names)
        else:
            self.names.difference_update(names)


def _loaded(node: ast.AST) -> set[str]:
    """Return the names that a piece of code takes from outside of itself."""
    inner = set().union(*map(_loaded, ast.iter_child_nodes(node)))
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return inner | {node.target.id}
    if isinstance(node, _Function):
        arguments = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        body = node.body if isinstance(node.body, list) else [node.body]
        return inner - arguments - set().union(*map(_stored, body))
    if isinstance(node, _Comprehension):
        return inner - set().union(*(_stored(one.target) for one in node.generators))
    return inner


def _stored(node: ast.AST) -> set[str]:
    """Return the names that a piece of code binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Lambda | _Comprehension):
        return set()
    if isinstance(node, ast.Name):
        return set() if isinstance(node.ctx, ast.Load) else {node.id}
    return set().union(*map(_stored, ast.iter_child_nodes(node)))


def _changed(node: ast.AST) -> Iterator[str]:
    """Yield the names of objects that a statement changes: `x[0] = …`, `x.y = …`, `x.append(…)`."""
    for one in ast.walk(node):
        target: ast.AST | None = None
        if isinstance(one, ast.Subscript | ast.Attribute) and isinstance(one.ctx, ast.Store):
            target = one
        elif isinstance(one, ast.Expr) and isinstance(one.value, ast.Call):
            target = one.value.func if isinstance(one.value.func, ast.Attribute) else None
        while isinstance(target, ast.Subscript | ast.Attribute | ast.Call):
            target = target.func if isinstance(target, ast.Call) else target.value
        if isinstance(target, ast.Name):
            yield target.id
