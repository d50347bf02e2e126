"""Whose money it is, and where it lies: kinds of account, their numbers, and what they hold."""
