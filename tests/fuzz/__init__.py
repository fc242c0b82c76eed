"""Real git in random sequences on several clones and work trees of one store, and what must hold after each step."""
