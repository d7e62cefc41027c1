"""Speaks texts by the PyPI package gtts against a service at another address, for comparison.

Standard input has a JSON object a line, `{"text", "lang", "slow"}`; standard output gets the audio of each as a JSON
string in base64, or null where gtts finds nothing to say.
"""

import base64
import io
import json
import sys

import gtts.tts


def main() -> None:
    """Answers line by line."""
    base = sys.argv[1]
    # The one thing that is not gtts's own: where the service is.
    gtts.tts._translate_url = lambda tld="com", path="": f"{base}/{path}"
    for line in sys.stdin:
        print(json.dumps(spoken(json.loads(line))))


def spoken(asked: dict) -> str | None:
    """The audio of one text."""
    audio = io.BytesIO()
    try:
        gtts.tts.gTTS(**asked).write_to_fp(audio)
    except AssertionError:
        return None
    return base64.b64encode(audio.getvalue()).decode()


if __name__ == "__main__":
    main()
