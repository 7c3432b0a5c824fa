"""The instructors' side: hand out, collect, grade in a sandbox, give back, export."""
