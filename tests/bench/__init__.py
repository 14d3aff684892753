"""Benchmarks: run by `make bench`, never by the tests, since their figures depend on the machine."""
