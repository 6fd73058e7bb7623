"""So that ``python -m openhearth`` is the same as the ``openhearth`` command."""

import sys

from openhearth.cli import main

if __name__ == "__main__":
    sys.exit(main())
