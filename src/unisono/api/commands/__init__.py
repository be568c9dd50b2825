"""Commands over HTTP and at the MQTT door: asked, confirmed by a second word, searched; and places' policies."""
