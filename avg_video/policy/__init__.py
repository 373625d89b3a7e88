"""Deciding who is covered and who may be shown."""
