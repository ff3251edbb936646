"""Errors, names, messages and files. Every package of the project may import this one; it imports none of them."""
