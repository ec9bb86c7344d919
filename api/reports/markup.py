"""Builds HTML and SVG; escapes text, so that it cannot be interpreted as markup."""

from html import escape


class Markup(str):
    """Text that is already markup, and must not be escaped again."""

    __slots__ = ()


def element(name: str, *children: str, **attributes: object) -> Markup:
    """Return an element; escape all attribute values, and children that are not Markup.

    Underscores in attribute names become hyphens, but trailing underscores are dropped, as in
    ``class_``. An attribute that is None is left out.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def joined(children: object) -> Markup:
    """Return a string or a list of strings as Markup; strings that are not Markup are escaped."""
    parts = children if isinstance(children, list | tuple) else [children]
    return Markup(
        "".join(part if isinstance(part, Markup) else escape(str(part)) for part in parts)
    )


def user_text(text: object) -> Markup:
    """Return text from the bus, isolated so that right-to-left text cannot reorder the rest."""
    return element("bdi", str(text))
