"""The same features on an Apache Flink cluster, for those who outgrow one machine.

`to_sql` writes a feature set as Flink SQL, `Gateway` submits it to a cluster, `LocalCluster` is a small one of this
machine's own for tests and comparisons. See docs/risk-scale.md.

Example::

    script = to_sql(feature_set, FileTables(directory))
    with LocalCluster(find_flink()) as cluster:
        cluster.session().run(script.statements, timeout_s=300)
"""

from jinku.risk.features.flink.cluster import LocalCluster, find_flink
from jinku.risk.features.flink.errors import FlinkFailed, NoFlink, NotForFlink
from jinku.risk.features.flink.gateway import Gateway
from jinku.risk.features.flink.sql import Script, to_sql
from jinku.risk.features.flink.tables import Tables, file_tables

__all__ = [
    "FlinkFailed",
    "Gateway",
    "LocalCluster",
    "NoFlink",
    "NotForFlink",
    "Script",
    "Tables",
    "file_tables",
    "find_flink",
    "to_sql",
]
