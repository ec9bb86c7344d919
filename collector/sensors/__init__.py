"""The sensors: a file or folder for each metric family; parsing is pure and apart from I/O."""
