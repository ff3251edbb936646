"""The command line, a module per group of commands.

Commands import what they run inside their functions, here and nowhere else in the project: ``--help`` must not wait for pandas.
"""
