"""What runs are given: the lake, connections, destinations."""
