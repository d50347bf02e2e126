"""Tests against a Flink cluster of this machine's own: `make test-scale` runs them, `make test` passes them by."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jinku.risk.features.flink import LocalCluster, find_flink

collect_ignore_glob = [] if os.environ.get("JINKU_SCALE") else ["test_*.py"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """One cluster for all tests; without Flink or Java they fail with one sentence."""
    with LocalCluster(find_flink()) as running:
        yield running


@pytest.fixture(scope="session")
def gateway_jar() -> Path:
    """The SQL Gateway's jar, where Maven could be had."""
    jar = find_flink().python.parent.parent / "gateway.jar"
    if not jar.is_file():
        pytest.skip("no SQL Gateway here: Flink's Python package has none and Maven could not be had")
    return jar
