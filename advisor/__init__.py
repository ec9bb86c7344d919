"""Reads samples, and reports what a user should know: findings with evidence."""
