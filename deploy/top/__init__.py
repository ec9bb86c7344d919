"""``system-monitor top``: the live values in a terminal.

``app`` draws with Textual, an optional library. Everything else here is pure, and does not need it.
"""
