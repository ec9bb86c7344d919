"""The program: ``system-monitor``, or ``python -m system_monitor``."""

import os
import sys
from itertools import takewhile
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Run the command, which ends the process with its exit code."""
    _search_own_folder_first()
    from deploy.command import main as run  # noqa: PLC0415 - needs the new sys.path

    run()


def _search_own_folder_first() -> None:
    """Find the program's packages and libraries even if the user's folders have the same names.

    ``PYTHONPATH=.`` and ``python -m`` put the user's folders before the standard library, and many
    a repository has its own ``deploy`` or ``api``. Those folders move to the end. The standard
    library stays first: ``site-packages``, where the program is, may hold outdated copies of it.
    """
    standard_library = str(Path(os.__file__).parent)
    own_folder = str(Path(__file__).absolute().parents[1])
    of_the_user = list(takewhile(lambda folder: folder != standard_library, sys.path))
    rest = sys.path[len(of_the_user) :]
    sys.path[:] = [standard_library, own_folder, *rest, *of_the_user]


if __name__ == "__main__":
    main()
