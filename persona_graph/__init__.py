"""Persona Graph: one persona per writer: how they write, how they sound, how they look."""

__version__ = "0.1.0"
