"""The sensors: one file or folder for each metric family.

The ``parse_…`` functions do no I/O.
"""
