"""Screenshots of the dashboard: of a machine for the README, and of each state on each screen."""
