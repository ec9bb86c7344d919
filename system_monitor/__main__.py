"""The entry point of ``system-monitor`` and of ``python -m system_monitor``."""

import os
import sys  # os and sys are loaded already; any other name might find a module of the user


def main() -> None:
    """Run the command, and exit with its exit code."""
    _search_own_folder_first()
    from deploy.command import main as run  # noqa: PLC0415 - needs the new sys.path

    run()


def _search_own_folder_first() -> None:
    """Let imports find the program's packages even if the user has packages with the same names.

    ``PYTHONPATH=.`` and ``python -m`` put the user's folders before the standard library, and many
    repositories contain a ``deploy`` or ``api`` folder. So the user's folders move to the end of
    ``sys.path``. The program is in ``site-packages``, which may also contain outdated copies of
    standard modules, so the standard library stays first.
    """
    standard_library = os.path.dirname(os.__file__)  # noqa: PTH120 - no pathlib yet
    own_folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - no pathlib yet
    first = sys.path.index(standard_library) if standard_library in sys.path else 0
    of_the_user, rest = sys.path[:first], sys.path[first:]
    sys.path[:] = [standard_library, own_folder, *rest, *of_the_user]


if __name__ == "__main__":
    main()
