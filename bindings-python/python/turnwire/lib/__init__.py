"""Helpers on top of plain calls, under the names that they have in the ``openai`` package."""
