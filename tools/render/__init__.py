"""Runs the program under the SDK's mock monitor and writes its resource graph and manifests. No engine, no provider."""
