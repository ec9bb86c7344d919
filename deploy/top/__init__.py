"""Implements ``system-monitor top``, which shows live values in a terminal.

Only the module ``app`` needs Textual, an optional library.
"""
