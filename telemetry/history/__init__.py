"""The hour of history: one port, two adapters (SQLite and InfluxDB 2.x)."""
