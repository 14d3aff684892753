"""Any policy behind openpi's wire: a thread that plans, and the doors that clients come in by."""
