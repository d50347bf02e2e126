"""SQL submitted through a real SQL Gateway of Flink."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from tests.scale.tables import SAME_BUT_LENGTH

from jinku.risk.features.flink import FlinkFailed, Gateway, LocalCluster
from jinku.risk.features.parity import compare
from jinku.risk.features.reading import parse_toml
from jinku.risk.features.sample import sample

START_TIMEOUT_S = 90


@pytest.fixture(scope="module")
def gateway(cluster: LocalCluster, gateway_jar: Path) -> Iterator[str]:
    """A gateway to the cluster, on a free loopback port; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = cluster.home.environment(cluster.directory)
    options = (cluster.directory / "config.yaml").read_text(encoding="utf-8").splitlines()[0]
    opens = options.partition(":")[2].split()
    settings = {
        "sql-gateway.endpoint.rest.address": "127.0.0.1",
        "sql-gateway.endpoint.rest.bind-address": "127.0.0.1",
        "sql-gateway.endpoint.rest.port": port,
    }
    process = subprocess.Popen(
        [
            cluster.home.java_home / "bin" / "java", "-Xmx300m", *opens,
            "-cp", f"{cluster.home.distribution / 'lib'}/*{os.pathsep}{gateway_jar}",
            "org.apache.flink.table.gateway.SqlGateway",
            *(f"-D{name}={value}" for name, value in settings.items()),
        ],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx2.get(f"{url}/v2/info", trust_env=False, timeout=2)
                break
            except httpx2.HTTPError:
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_features_through_the_gateway_are_the_same(gateway: str) -> None:
    with Gateway(gateway) as session:
        found = compare(parse_toml(SAME_BUT_LENGTH), sample(2_000, seed=5), session)
    assert found.differences == ()
    assert found.seconds["flink"] > 0


def test_the_gateway_says_why_it_refuses(gateway: str) -> None:
    with Gateway(gateway) as session, pytest.raises(FlinkFailed, match="refused 'SELEC 1'"):
        session.submit(["SELEC 1"], timeout_s=60)
