"""AutoLaw: candidates are fitted and back-tested (`backtest`), weighted (`weights`, `learnt`) and averaged (`ensemble`)."""
