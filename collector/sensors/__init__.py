"""The sensors: a file or folder for each metric family; functions that parse do no I/O."""
