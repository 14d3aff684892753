"""RynnVLA-001: a picture-and-text transformer whose state token becomes a chunk of actions."""
