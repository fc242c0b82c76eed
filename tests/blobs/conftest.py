"""Settings of git for tests of blobs that git LFS carries."""

import pytest

from tests.support.lfs import HAS_GIT_LFS, WHY_NOT, use_settings


@pytest.fixture
def without_filter(tmp_path, monkeypatch):
    """A clone in which git LFS is not set up."""
    use_settings(tmp_path, monkeypatch, has_filter=False)


@pytest.fixture
def with_git_lfs(tmp_path, monkeypatch):
    """A machine on which git LFS is set up."""
    if not HAS_GIT_LFS:
        pytest.skip(WHY_NOT)
    use_settings(tmp_path, monkeypatch, has_filter=True)
