"""The bus: the connection to the MQTT broker, the topics, and the publisher."""
