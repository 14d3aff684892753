"""Observations in, plans out."""
