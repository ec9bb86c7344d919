"""The installed program. Importing this package changes nothing: only the command sets sys.path."""
