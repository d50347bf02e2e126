"""Benchmarks: each measures one promise and says it as figures with a bar; `jinku bench NAME` runs one.

Rules:

1. A benchmark is a function that returns `dict[str, Figure]`; `jinku.bench.report` prints it.
2. It measures the real thing: durable writes, the log on, real sockets.
"""
