"""The installed program. To import this package changes nothing: only the command sets sys.path."""
