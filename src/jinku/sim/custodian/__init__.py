"""A simulated custodian bank: a server of its own with real books, which misbehaves as it is told to.

`books` is its double-entry ledger and the oracle of what really left, `faults` the seeded plan of misbehaviour,
`bank` the
services, `web` the signed JSON interface, `files` the ISO 20022 one, `server` the process.
"""
