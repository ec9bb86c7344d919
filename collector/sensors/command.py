"""Shortens a process's command to a few words, without its arguments, which may contain secrets.

The result is the program's name and, if the program is an interpreter, the name of the script or
module that it runs. Pure.
"""

import re
from collections.abc import Iterator, Sequence

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*(?:\.exe)?")
# The options of Python that take a value: https://docs.python.org/3/using/cmdline.html
_TAKES_VALUE = "WXQ"
_SCRIPTED = re.compile(r"(?:ba|da|z|k)?sh|perl[0-9.]*|ruby[0-9.]*|node|Rscript|julia|lua[0-9.]*")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:\\")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST = 80
_COMM = 15  # TASK_COMM_LEN without the final NUL, proc(5)


def short_command(arguments: Sequence[str]) -> str | None:
    """Return a short command such as ``python3 train.py`` or ``python3 -m torch.distributed.run``.

    ``arguments`` are the process's arguments, beginning with its program. Return None if the
    program is missing, as for a kernel thread or a process that is ending.
    """
    if not arguments or not arguments[0]:
        return None
    first, rest = arguments[0], arguments[1:]
    # A process may overwrite its arguments with a title. Most of the title is then in the first
    # argument.
    if " " in first and not (_ABSOLUTE.match(first) and any(rest)):
        return clean(_file_name(first.split(" ", 1)[0]))
    program = _file_name(first)
    if _PYTHON.fullmatch(program):
        return clean(" ".join([program, *_of_python(rest)]))
    if _SCRIPTED.fullmatch(program) and rest and not rest[0].startswith("-"):
        return clean(f"{program} {_file_name(rest[0])}")
    return clean(program)


def short_name(name: str) -> str:
    """Return a process's name, cut to 15 characters if it contains a space.

    A name with a space may be a title that the process has set, and a title can contain secrets.
    Linux cuts such a title to 15 characters, but psutil can complete it from the process's
    arguments.
    """
    return clean(name[:_COMM] if " " in name else name)


def clean(text: str) -> str:
    """Return ``text`` with its control characters replaced, cut to 80 characters."""
    printable = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
    return printable if len(printable) <= _LONGEST else f"{printable[: _LONGEST - 1]}…"


def _of_python(arguments: Sequence[str]) -> Iterator[str]:
    following = iter(arguments)
    for argument in following:
        if not argument.startswith("-") or argument == "-":
            yield _file_name(argument)
            return
        if argument.startswith("--"):
            continue
        letters = argument[1:]
        for place, letter in enumerate(letters):
            attached = letters[place + 1 :]
            if letter == "c":  # what follows is code
                yield "-c"
                return
            if letter == "m":
                yield "-m"
                yield attached or next(following, "")
                return
            if letter in _TAKES_VALUE:
                if not attached:
                    next(following, None)
                break


def _file_name(path: str) -> str:
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]
