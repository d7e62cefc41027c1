"""A turn by the Python client of chat services: its events as lines of JSON. ``turn.py URL REQUEST``"""

from __future__ import annotations

import json
import sys

from turnwire import ChatService

url, request = sys.argv[1:]
asked = json.loads(request)
service = ChatService(url, access_token=asked["accessToken"], refresh_token=asked["refreshToken"])
fields = {"workspace_id": asked["workspaceId"], "message_id": asked["messageId"], "reply_id": asked["replyId"]}
with service.stream(asked["message"], **fields) as turn:
    for event in turn:
        # The names of the wire, as the other clients print them.
        wire = {own: name for name, own in event._wire.items()}
        print(json.dumps({"type": event.type, **{wire.get(name, name): getattr(event, name) for name in event.__slots__}}))
