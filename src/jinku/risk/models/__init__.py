"""Models: trained from point-in-time features, scored by compiled code, registered, watched.

`forest` scores; `from_lightgbm` reads trained trees.
"""
