"""Live data: from the bus to the newest values and the WebSocket clients."""
