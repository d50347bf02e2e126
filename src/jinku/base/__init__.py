"""Floor 0: values and services that know nothing of money's owners: money, ids, clock, errors, limits."""
