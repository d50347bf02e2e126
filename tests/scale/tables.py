"""Tables of features for the cluster: one with every form that there is, one that tempts the planner."""

from pathlib import Path

EVERYTHING = Path(__file__).with_name("everything.toml")

SAME_BUT_LENGTH = """
[set]
name = "lengths"
version = 1
schema = "payments"

[[feature]]
name = "count_{window}"
key = "customer"
windows = ["1m", "1h", "30d"]
aggregate = "count"
"""
