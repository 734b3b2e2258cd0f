"""Uploads, the vault, and everything that opens a media file."""
