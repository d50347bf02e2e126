"""The close of a day: position, record."""
