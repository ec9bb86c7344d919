"""What each of the command's words does."""
