"""The door for devices: MQTT and HTTP in, the log behind it. Holds no truth."""
