"""Worlds: the contract, the toy world, and the ways to reach a world elsewhere."""
