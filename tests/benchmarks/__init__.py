"""How fast it is: `make bench`. Figures are printed and written to .state/bench.json; nothing is asserted of them."""
