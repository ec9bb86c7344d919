"""One file or folder for each metric family; parsing is pure and separate from I/O."""
