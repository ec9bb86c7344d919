"""Takes samples from the bus and writes them to the history."""
