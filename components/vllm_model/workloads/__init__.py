"""What runs the model server's pods, and what stands in front of them."""
