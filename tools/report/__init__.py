"""One HTML file about a stack, for people who decide whether it may be deployed: `make report`."""
