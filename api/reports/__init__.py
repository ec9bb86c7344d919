"""Reports of runs: pure, apart from the routes, which read the history."""
