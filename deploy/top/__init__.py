"""Implements ``system-monitor top``, which shows live values in a terminal.

Only the module ``app`` needs Textual, which is an optional library.
"""
