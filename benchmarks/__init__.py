"""How quick it is, as ratios within one run; `make bench`, and docs/performance.md for what it means."""
