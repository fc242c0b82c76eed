"""Long lives of a store, in short: years of traffic, and what must not grow with them."""
