"""Make the clients that are not current: all of them, or those that are named."""

import argparse
import sys

from deploy.clients import making, python, typescript

LANGUAGES = {"python": python, "typescript": typescript}


def main() -> int:
    """Make them; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.clients", description=__doc__)
    parser.add_argument("languages", nargs="*", choices=LANGUAGES, metavar="language")
    for name in parser.parse_args().languages or LANGUAGES:
        language = LANGUAGES[name]
        try:
            if language.make():
                print(f"made {language.TARGET.relative_to(making.ROOT)}")
        except making.Failed as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
