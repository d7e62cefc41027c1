"""Streams that tell of themselves by events."""
