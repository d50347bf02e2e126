"""The compiled part of the state machine: loops over records seen as tables of 64-bit words.

Nothing here reads a clock, allocates state that outlives a call, or raises: `jinku.ledger.machine` prepares
the arrays, calls one entry point per request group, and turns codes into errors.
"""
