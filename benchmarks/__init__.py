"""Speed and memory against other libraries and against the matrix product, as ratios."""
