"""Live data: keeps the newest values from the bus, and sends them to WebSocket clients."""
