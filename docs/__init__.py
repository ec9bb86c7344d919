"""Documentation, and what generates its tables."""
