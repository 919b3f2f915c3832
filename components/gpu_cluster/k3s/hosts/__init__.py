"""Hosts: what runs on them over SSH, and in which order."""
