"""Run by the pack's own Python: what two readers make of the Struct of a JSON object on standard input."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from google.protobuf import json_format, struct_pb2

from policies.decoding import members

message = json_format.ParseDict(json.load(sys.stdin), struct_pb2.Struct())
message.fields["unset"].CopyFrom(struct_pb2.Value())
json.dump([members(message), json_format.MessageToDict(message)], sys.stdout)
