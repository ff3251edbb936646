"""The command line, one module per group of commands.

Commands import inside their functions, unlike the rest of the project, so that ``--help`` does not wait for pandas.
"""
