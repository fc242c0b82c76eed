"""Schema versions of payloads: which still live in the truth, and whether upcasters lift them.

=====================  ===============================================================================
code                   what was found
=====================  ===============================================================================
payload-versions       (information) the versions of a name that are in the truth, and up to which they are lifted
payload-no-path        a version from which no upcaster leads on, although some of its name are registered
payload-not-lifted     an entity whose payload cannot be lifted: an upcaster fails, or it says no version
plugin-broken          an installed package with upcasters cannot be used
=====================  ===============================================================================
"""

from collections.abc import Iterator

from journal.format.values import SCHEMA_VERSION
from journal.index.view import View
from journal.state.upcasting import Upcasters
from journal.store.engine import Engine
from journal.store.lifting import document_of, lifting_of
from journal.store.listing import all_rows
from journal.store.plugins import find_plugins
from journal.upkeep.checks.shortening import shortened
from journal.upkeep.checks.versions import Versions
from journal.upkeep.findings import Finding

_HINT = "register an upcaster, or install the package that has it (docs/payloads.md)"


def payload_findings(engine: Engine, view: View, versions: Versions) -> Iterator[Finding]:
    """Yield what is to be said of versions; nothing where no payload says one and no upcaster is registered."""
    by_name: dict[str, dict[int, int]] = {}
    for (name, version), count in sorted(versions.items()):
        by_name.setdefault(name, {})[version] = count
    own = engine.lifting.own.names() if engine.lifting is not None else ()
    concerned = {name for name, counts in by_name.items() if any(counts) or engine.config.is_versioned(name)} | {*own}
    if not concerned:
        return
    upcasters = lifting_of(engine).all()
    for problem in find_plugins(lifting_of(engine).outer_folder).problems:
        yield Finding("plugin-broken", "warning", None, problem, "mend or uninstall the package")
    for name in sorted(concerned & by_name.keys()):
        yield from _of_name(name, by_name[name], upcasters)
    yield from shortened(_not_lifted(engine, view, upcasters))


def _of_name(name: str, counts: dict[int, int], upcasters: Upcasters) -> Iterator[Finding]:
    newest = upcasters.newest(name)
    if newest is None and len(counts) == 1:
        return
    said = ", ".join(f"{SCHEMA_VERSION} {version}: {_events(count)}" for version, count in sorted(counts.items()))
    stuck = [version for version in counts if newest is not None and upcasters.gap(name, version, newest) is not None]
    lifted = "no upcaster is registered here" if newest is None else f"upcasters lift to {newest}"
    yield Finding("payload-versions", "info", None, f"{name}: {said}; {lifted}")
    for version in stuck:
        message = f"{name}: no upcaster leads from version {version} to {newest}: {_events(counts[version])}"
        yield Finding("payload-no-path", "warning", None, message, _HINT)


def _events(count: int) -> str:
    return f"{count:,} event{'s' if count != 1 else ''}"


def _not_lifted(engine: Engine, view: View, upcasters: Upcasters) -> Iterator[Finding]:
    for name in upcasters.names():
        for row in all_rows(view, name, deleted=False):
            error = document_of(engine, row).error
            if error is not None:
                message = f"{row.type} {row.id!r} is served as written: {error}"
                yield Finding("payload-not-lifted", "warning", None, message, "mend the upcaster, or the payload")
