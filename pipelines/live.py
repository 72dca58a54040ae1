"""live - the lines that a training stage at work has appended (dapo-step --live)"""
import json


def whole_lines(path):
    """Records of the lines that have ended."""
    try:
        with open(path, "rb") as f:
            text = f.read()
    except OSError:
        return []
    return [json.loads(x) for x in text[:text.rfind(b"\n") + 1].splitlines()]
