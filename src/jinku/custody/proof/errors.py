"""What the proof room refuses beyond the errors of custody."""

from jinku.custody.errors import CustodyError


class KeptDamaged(CustodyError):
    """What is kept of an attestation does not lead to the root that was sealed: no receipt leaves."""

    code = "attestation_damaged"
    http_status = 503

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(f"attestations/{folder}: {problem}", remedy="restore this folder from a backup")


class BuildFailed(CustodyError):
    """A process that hashed a part of the tree ended before its work."""

    code = "attestation_failed"
    http_status = 503
