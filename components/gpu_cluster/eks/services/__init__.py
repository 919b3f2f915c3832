"""Managed services beside the cluster: buckets, PostgreSQL, metrics, backups, budget."""
