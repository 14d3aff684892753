"""How its parts are trained: the same code for the small model on a laptop and the published size on a GPU."""
