"""All media work, on FFmpeg in process (PyAV)."""
