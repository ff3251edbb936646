"""The wall around a stranger's code: only data crosses it, and behind it there is one bare process per fit.

Three kinds of process take part::

    judge         this program: knows the held-out values, decides, and runs no line of a stranger's code
    fork server   our code in a sandbox of its own (`sandbox`), which holds a copy of an open list of files (`opened`) and nothing else;
                  NumPy and scikit-learn loaded; runs no line of a stranger's code either
    cell          a fork of the server for one fit (`cell`): locks itself in, then runs the stranger's class, then is killed

Judge and cell speak over a socket of their own in frames (`frames`): a JSON header of a stated schema (`messages`) and bytes
whose length the judge knows beforehand. What comes back is never unpickled, imported or formatted: it is strictly parsed,
measured, and checked (`guard`). SECURITY.md says what that promises and what it does not.
"""
