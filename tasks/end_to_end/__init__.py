"""End-to-end blocks and networks: E01 to E10."""
