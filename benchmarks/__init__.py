"""Measurements: who stays recognisable, how fast, and beside another program in the same run."""
