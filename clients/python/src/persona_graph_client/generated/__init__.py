"""Written by a program: see the client's README."""
