"""What looks into requests and answers beside LiteLLM itself: Presidio's servers, and the judge of content."""
