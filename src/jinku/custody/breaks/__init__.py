"""Breaks as a workflow: each with an owner, a cause, an age, actions, and an end that two persons stand behind."""
