"""The history: one interface with two adapters (SQLite and InfluxDB 2.x)."""
