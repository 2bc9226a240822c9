"""Stages as threads between bounded queues, and what watches over them."""
