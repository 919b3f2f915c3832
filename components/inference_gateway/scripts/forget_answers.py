"""Deletes every answer of the semantic cache. Runs in LiteLLM's image as a CronJob; standard library only.

Reads the vector store's address from VECTORS_URL, its key from VECTORS_KEY and the collection's name from COLLECTION.
The collection itself stays: LiteLLM makes it at its start and would not make it again. Exits 1 with one line when the
store refuses.
"""

import json
import os
import sys
import urllib.error
import urllib.request

REQUEST_SECONDS = 300


def call(path: str, body: dict[str, object]) -> None:
    """Send one request to the store. Raises OSError when it fails or is refused."""
    request = urllib.request.Request(  # noqa: S310 # the address is the store's Service
        os.environ["VECTORS_URL"] + path,
        method="POST",
        data=json.dumps(body).encode(),
        headers={"api-key": os.environ["VECTORS_KEY"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=REQUEST_SECONDS):  # noqa: S310
        pass


def main() -> int:
    """Empty the collection; 0 when it holds nothing, also where it was never made."""
    collection = os.environ["COLLECTION"]
    try:
        # A filter without conditions matches every point.
        call(f"/collections/{collection}/points/delete?wait=true", {"filter": {"must": []}})
    except urllib.error.HTTPError as error:
        if error.code == 404:  # noqa: PLR2004
            print(f"collection {collection} does not exist yet", flush=True)  # noqa: T201 # the Job's log
            return 0
        print(f"answers were not forgotten: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    except OSError as error:
        print(f"answers were not forgotten: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    print(f"collection {collection} is empty", flush=True)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
