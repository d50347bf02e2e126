"""Readers of lists in their publishers' own formats; each gives entries or one error naming file, line and field."""
