"""Features: one table of definitions, the same values online, in DuckDB and in Flink."""
