"""The local review page: who is covered and who is shown, chosen on screen, on this computer alone."""
