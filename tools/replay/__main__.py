"""`python -m tools.replay FOLDER --port 8000`: answer as the recorded server did, until it is interrupted."""

import argparse
import os
import threading
from pathlib import Path

from tools.replay import read, serving


def main() -> None:
    """Play one recording."""
    parser = argparse.ArgumentParser(prog="python -m tools.replay", description=__doc__)
    parser.add_argument("folder", type=Path, help="a recording: a folder with manifest.json")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--api-key-env", help="variable with the key that requests must bear")
    parser.add_argument("--log-to", type=Path, help="write the server's log to this file first")
    parser.add_argument("--no-tags", action="store_true", help="without the tags of processes in the log")
    asked = parser.parse_args()
    recording = read(asked.folder)
    if asked.log_to:
        asked.log_to.write_text(recording.log_without_tags() if asked.no_tags else recording.log, "utf-8")
    key = os.environ[asked.api_key_env] if asked.api_key_env else None
    with serving(recording, port=asked.port, host=asked.host, delay_s=asked.delay, api_key=key) as served:
        print(served.url, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
