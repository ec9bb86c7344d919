"""``system-monitor top``: the live values in a terminal.

``app`` draws with Textual, an optional library. All other modules here are pure and do not need
Textual.
"""
