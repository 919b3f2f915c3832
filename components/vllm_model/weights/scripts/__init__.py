"""Programs that run inside pods, as package `scripts`, mounted from one ConfigMap.

They run in the vLLM image: beside the standard library they may import boto3, botocore, httpx and cryptography, and
each other by relative imports, nothing else of the platform.
"""
