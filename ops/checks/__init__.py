"""Checks of our own that no linter brings; ``python -m ops.checks`` runs them all."""
