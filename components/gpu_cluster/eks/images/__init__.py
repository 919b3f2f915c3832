"""Images through ECR."""
