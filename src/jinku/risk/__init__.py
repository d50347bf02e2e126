"""Floor 5: every movement decided before it posts, and what is made of what was decided.

Events become features, features become rule hits and model scores, those become one decision; decisions and lists
become alerts, alerts cases, cases reports. Nothing here writes to the ledger but seals of what was decided.
"""
