"""Readers of the files that custodians send."""
