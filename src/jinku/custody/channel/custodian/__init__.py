"""The signed JSON interface of a custodian bank, in the shape of the Chinese custodian family.

`table` lists the services and their messages, `envelope` what is signed and how, `client` speaks it over TLS with the
bank's certificate pinned, `callbacks` takes the bank's own messages, `dialect` is the channel's port over all of it.
"""
