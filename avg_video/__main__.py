"""`python -m avg_video`: the same as the command `avg-blur`."""

from avg_video.cli import main

if __name__ == "__main__":
    main()
