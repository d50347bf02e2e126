"""Statements: one model of what banks say, the readers of their files, and their intake."""
