"""Measure the embedded moderation on the labelled texts: ``python -m bench.moderation`` prints the table.

``--write`` puts it into docs/guides/moderation*.md. Needs the packs of local-moderation.
"""

import argparse
import os
import sys

import msgspec

from openhearth.config import Config
from openhearth.engines.catalogue import load_catalogue
from openhearth.engines.moderate.categories import CATEGORIES
from openhearth.engines.moderate.judge import Judge
from openhearth.engines.moderate.settings import REQUIRED_PACKS, ModerateSettings, moderate_spec
from openhearth.engines.packs import Packs, packs_folder
from tests.moderation.measured import PAGES, load_texts, measure, publish, table


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into the documentation")
    options = parser.parse_args(arguments)
    packs = Packs(packs_folder("", os.environ), load_catalogue(), os.environ)
    if missing := packs.missing(REQUIRED_PACKS):
        print(f"First run: openhearth packs fetch {' '.join(missing)}")
        return 1
    judge = Judge(msgspec.convert(moderate_spec(Config(), packs).settings, ModerateSettings))
    measured = measure(judge.flags, CATEGORIES, load_texts())
    print(table(measured, "en"))
    for page in PAGES if options.write else ():
        publish(measured, page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
