"""The command line: options, bars and words; all the work is done below `avg_video.pipeline`."""

from avg_video.cli.main import main

__all__ = ["main"]
