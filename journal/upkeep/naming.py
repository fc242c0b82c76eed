"""Names of what is kept for one occasion: they say when that was, and nobody else has them."""

from datetime import UTC, datetime

from journal.disk.backend import Backend


def name_of_now(backend: Backend) -> str:
    """Return such a name, by the backend's clock and chance: ``20261130T120000Z-1f2e3d``."""
    moment = datetime.fromtimestamp(backend.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{moment}-{backend.random(3).hex()}"
