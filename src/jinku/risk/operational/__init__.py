"""Operational risk: losses that happened, indicators of those that may, and the duties that fall due."""
