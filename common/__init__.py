"""What every package of the project may use, and what itself uses none of them: errors, names, messages, files."""
