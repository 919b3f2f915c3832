"""The picture of who talks to whom: namespaces in layers, and their connections as lines that never hide each other."""
