"""ISO 20022 files: pain.001.001.09 out; pain.002 and camt.052/053/054 in, through two directories.

`pain001` writes, `pain002` reads, `statements` takes the bank's word out of camt files, `folder` moves files whole and
signed, `dialect` is the channel's port over all of it.
"""
