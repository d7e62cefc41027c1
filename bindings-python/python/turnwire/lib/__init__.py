"""What is built on top of plain calls, under the names that it has in the ``openai`` package."""
