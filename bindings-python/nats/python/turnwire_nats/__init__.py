"""The native part of turnwire with its client of NATS brokers: turnwire loads it in place of its own."""
