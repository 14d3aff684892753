"""Pure functions of figures: tables and pages."""
