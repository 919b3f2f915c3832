"""What may not exist on the platform: rules, and the two ways to run them (under the engine, and on a rendered graph).

Only `policies/__main__.py` and `policies/adapter.py` import the policy SDK; everything else is plain Python.
"""
