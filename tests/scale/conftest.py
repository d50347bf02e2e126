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
    """The SQL Gateway's jar, which Flink's Python package does not have."""
    jar = Path(os.environ.get("JINKU_FLINK_GATEWAY", ""))
    if not jar.is_file():
        pytest.skip(
            "JINKU_FLINK_GATEWAY names no flink-sql-gateway-2.3.0.jar: not tried against a real gateway"
        )
    return jar
