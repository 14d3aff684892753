"""How values travel to policies behind a server: a codec or a connection each, knowing nothing of policies."""
