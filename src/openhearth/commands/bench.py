"""``openhearth bench``: the benchmark programs live in the source checkout, beside the package."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from openhearth.commands import Trouble

_CHECKOUT = Path(__file__).resolve().parents[3]


def bench(*args: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
    """Measure this platform against a plain proxy and other gateways; '--list' shows what can be measured.

    Args:
        args: options for the benchmark, such as --only openhearth,nginx
    """
    if not (_CHECKOUT / "bench" / "run.py").is_file():
        raise Trouble(
            "The benchmark is part of the source checkout and this is an installed package: use 'make bench' in one."
        )
    return subprocess.run([sys.executable, "-m", "bench.run", *args], cwd=_CHECKOUT, check=False).returncode
