"""Reports of runs; pure, except for the routes, which read the history."""
