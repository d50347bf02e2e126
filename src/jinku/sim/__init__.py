"""The simulator: one seeded day in a platform's life, with labels, so that everything above can be shown and
tested.

Nobody in it exists: names are drawn from common characters, identifiers carry right check digits on codes
that no authority gives out. Nothing in production needs this room.
"""
