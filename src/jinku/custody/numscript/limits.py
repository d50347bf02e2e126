"""What a program may cost at most; each bound is checked before the work it bounds is done."""

PROGRAM_BYTES_MAX = 64 * 1024
PROGRAM_DEPTH_MAX = 64
"""How deep sources, destinations and expressions may be nested; a long sum of terms counts each of them."""
POSTINGS_MAX = 8189
"""Postings of one run: they become one linked batch of the ledger (`jinku.ledger.limits.BATCH_EVENTS_MAX`)."""
NUMBER_DIGITS_MAX = 200
"""Digits of a number in a program or a variable; the ledger itself holds up to 2^128 - 1."""
TEXT_CHARACTERS_MAX = 4096
"""Of a variable's text, an account name or a metadata value."""
SPEC_BYTES_MAX = 4 * 1024 * 1024
"""A file of test cases or of inputs."""
SCALE_DIGITS_MAX = 38
"""Decimals of an asset that takes part in scaling."""
