"""What is to be done in the store: tasks, counts, orders, receiving. Pure rules; `project` writes the tables."""
