"""The resolution pack: everything that whoever takes over needs, readable on a machine that has never seen Jinku."""
