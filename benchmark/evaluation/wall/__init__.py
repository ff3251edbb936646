"""The sandbox ("wall") of submitted code: only data crosses it, and each fit runs in its own process.

Three kinds of process take part::

    evaluator     this program: has the held-out values, and runs no submitted code
    fork server   our code in its own sandbox (`sandbox`), which contains a copy of an open list of files (`opened`) and nothing else;
                  NumPy and scikit-learn loaded; runs no submitted code either
    cell          a fork of the server for one fit (`cell`): confines itself, then runs the submitted class, then is killed

Evaluator and cell exchange frames over a socket (`messages`): a JSON header with a schema, and bytes of a known length. The
evaluator never unpickles, imports or formats the answers: it parses them strictly, measures and checks them (`guard`). SECURITY.md
states the guarantees and their limits.
"""
