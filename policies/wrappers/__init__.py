"""What can be put around any policy: each is a policy itself, and its name says so."""
