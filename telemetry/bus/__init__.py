"""The bus: the connection to the MQTT broker, topics, and the publisher."""
