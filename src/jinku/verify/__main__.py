"""Runs the verifier's command line: ``python -m jinku.verify``."""

import sys

from jinku.verify.command import main

if __name__ == "__main__":
    sys.exit(main())
