"""Several gateways on one port: where a session lives, how connections and messages get there."""
