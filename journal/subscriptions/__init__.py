"""Subscriptions: events as they come, to handlers in this process and to durable cursors of several."""
