"""Broken input and input made to harm."""
