"""Law forms, one file a family: each class is a formula and its constants, fitted by the shared engine."""
