"""Limits and defaults that the layers share."""
