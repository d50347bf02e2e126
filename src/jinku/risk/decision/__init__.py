"""Decisions before money moves: one for each transfer, kept with all that made it, and replayed byte for byte."""
