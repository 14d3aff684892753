"""A headless Chromium that is spoken to through a pipe: what a page does once it is opened, not what it says."""

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60.0
"""That an answer may take on a busy machine."""
KEYS = {"Tab": 9, "Enter": 13}


def found() -> str:
    """Where it is; a test without it is skipped."""
    at = next(filter(None, map(shutil.which, NAMES)), None)
    if at is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} is installed (Debian: apt-get install chromium)")
    return at


class Browser:
    """One page at a time, which is opened from its file."""

    def __init__(self, home: Path) -> None:
        words = [found(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        words += [f"--user-data-dir={home}", "--remote-debugging-pipe", "about:blank"]
        theirs, self._out = os.pipe()
        self._in, back = os.pipe()
        ends = fcntl.fcntl(theirs, fcntl.F_DUPFD, 20), fcntl.fcntl(back, fcntl.F_DUPFD, 20)

        def speak_through_3_and_4() -> None:
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            words,
            pass_fds=(3, 4),
            preexec_fn=speak_through_3_and_4,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in (theirs, back, *ends):
            os.close(end)
        self._rest = b""
        self._asked = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def open(self, page: Path, width: int = 1280, dark: bool = False) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
        self.events.clear()
        self.ask("Page.navigate", url=page.as_uri())
        self.wait("Page.loadEventFired")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._asked += 1
        asked = {"id": self._asked, "method": method, "params": parameters}
        session = {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(asked | session).encode() + b"\0")
        by = time.monotonic() + SECONDS
        while (answer := self._read(by)).get("id") != self._asked:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def wait(self, method: str) -> None:
        by = time.monotonic() + SECONDS
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._read(by))

    def value(self, script: str) -> Any:
        """Of an expression in the page; a promise is waited for."""
        found = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str) -> None:
        code = KEYS[key]
        text = {"text": "\r"} if key == "Enter" else {}
        common = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **common)

    @property
    def complaints(self) -> list[str]:
        """What it wrote to its console or refused to do."""
        kinds = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        return [json.dumps(event["params"]) for event in self.events if event.get("method") in kinds]

    @property
    def fetched(self) -> list[str]:
        """Addresses, of data: their beginning."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"][:60] for event in sent]

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def _read(self, by: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(0.0, by - time.monotonic()))
            assert ready, f"Chromium did not answer in {SECONDS:g} s"
            part = os.read(self._in, 1 << 20)
            assert part, "Chromium ended"
            self._rest += part
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)
