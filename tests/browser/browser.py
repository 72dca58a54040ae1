"""browser - Chromium without a window, driven by its debugging port

    with Browser(profile_dir) as b:
        b.size(1280, 900)
        b.open("file:///.../report.html")
        b.js("document.title")
        b.move(x, y); b.key("ArrowRight"); b.shot("page.png")
        b.errors  # console errors, exceptions and refused requests so far

The standard library alone: the WebSocket of the port is spoken here (RFC 6455,
the client's side, text frames).
"""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request


def chromium():
    """The browser's path, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return shutil.which(name)
    return None


class Socket:
    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.s = socket.create_connection((name, int(port)), timeout=60)
        self.left = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall((f"GET /{path} HTTP/1.1\r\nHost: {host}\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Key: {key}\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.left:
            self.more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise OSError(f"no WebSocket at {url}: {head[:80]!r}")

    def more(self):
        got = self.s.recv(1 << 16)
        if not got:
            raise OSError("the browser closed its port")
        self.left += got

    def bytes(self, n):
        while len(self.left) < n:
            self.more()
        got, self.left = self.left[:n], self.left[n:]
        return got

    def send(self, text):
        body, mask = text.encode(), os.urandom(4)
        n = len(body)
        size = (struct.pack(">B", 0x80 | n) if n < 126 else
                struct.pack(">BH", 0x80 | 126, n) if n < 1 << 16 else
                struct.pack(">BQ", 0x80 | 127, n))
        whole = (mask * (n // 4 + 1))[:n]
        masked = (int.from_bytes(body, "big") ^
                  int.from_bytes(whole, "big")).to_bytes(n, "big")
        self.s.sendall(b"\x81" + size + mask + masked)

    def receive(self):
        text = b""
        while True:
            first, second = self.bytes(2)
            n = second & 0x7F
            if n == 126:
                n, = struct.unpack(">H", self.bytes(2))
            elif n == 127:
                n, = struct.unpack(">Q", self.bytes(8))
            body = self.bytes(n)
            if first & 0xF in (0, 1):
                text += body
                if first & 0x80:
                    return text.decode()
            elif first & 0xF == 8:
                raise OSError("the browser closed its port")


class Browser:
    def __init__(self, profile, program=None):
        self.log = open(os.path.join(profile, "log"), "wb")
        self.process = subprocess.Popen(
            [program or chromium(), "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--hide-scrollbars",
             "--allow-file-access-from-files", "--remote-debugging-port=0",
             f"--user-data-dir={profile}", "about:blank"],
            stdout=self.log, stderr=self.log)
        self.errors, self.requests, self.number = [], [], 0
        self.events = []
        try:
            self.socket = Socket(self.page(profile))
        except BaseException:
            self.process.kill()
            raise
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        # of the processor, not of the clock on the wall
        self.call("Performance.enable", timeDomain="threadTicks")

    def page(self, profile):
        """The WebSocket address of the first page."""
        name = os.path.join(profile, "DevToolsActivePort")
        for _ in range(300):
            if os.path.exists(name) and os.path.getsize(name):
                port = open(name).read().split()[0]
                with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/json/list") as got:
                    for t in json.load(got):
                        if t["type"] == "page":
                            return t["webSocketDebuggerUrl"]
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise OSError("the browser did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def note(self, m):
        kind, p = m.get("method", ""), m.get("params", {})
        if kind == "Runtime.exceptionThrown":
            d = p["exceptionDetails"]
            self.errors.append(d.get("exception", {}).get("description") or
                               d["text"])
        elif kind == "Runtime.consoleAPICalled" and p["type"] == "error":
            self.errors.append(str([a.get("value") for a in p["args"]]))
        elif kind == "Log.entryAdded" and p["entry"]["level"] == "error":
            self.errors.append(p["entry"]["text"])
        elif kind == "Network.requestWillBeSent":
            self.requests.append(p["request"]["url"])
        self.events.append(kind)

    def call(self, method, **params):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method,
                                     "params": params}))
        while True:
            m = json.loads(self.socket.receive())
            if m.get("id") == self.number:
                if "error" in m:
                    raise OSError(f"{method}: {m['error']['message']}")
                return m["result"]
            self.note(m)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=width < 600)

    def media(self, kind="", scheme="light"):
        """Print or screen; light or dark. Without motion, so that a page does
        not scroll while the pointer is on its way."""
        self.call("Emulation.setEmulatedMedia", media=kind, features=[
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def scripts(self, on):
        self.call("Emulation.setScriptExecutionDisabled", value=not on)

    def open(self, url):
        """Seconds until the page was there."""
        began = time.monotonic()
        self.events.clear()
        self.call("Page.navigate", url=url)
        while "Page.loadEventFired" not in self.events:
            self.note(json.loads(self.socket.receive()))
        return time.monotonic() - began

    def ready(self):
        """Seconds until the page's scripts have done what they do at first."""
        began = time.monotonic()
        while self.js("document.documentElement.dataset.ready") != "true":
            if time.monotonic() - began > 120:
                raise OSError("the page's scripts do not finish")
            time.sleep(0.02)
        return time.monotonic() - began

    def work(self):
        """Seconds of the processor that the page's own thread has taken."""
        got = self.call("Performance.getMetrics")["metrics"]
        return sum(m["value"] for m in got if m["name"] == "TaskDuration")

    def js(self, text):
        got = self.call("Runtime.evaluate", expression=text,
                        returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            d = got["exceptionDetails"]
            raise OSError(d.get("exception", {}).get("description", d["text"]))
        return got["result"].get("value")

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def hover(self, selector):
        """The pointer onto the middle of an element, once it stands still."""
        x, y = self.middle(selector)
        self.frames()
        self.move(x - 3, y)
        self.move(x, y)
        self.frames()

    def frames(self):
        """Wait until what was asked for is drawn."""
        self.js("new Promise(r => requestAnimationFrame(() => "
                "requestAnimationFrame(r)))")

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y,
                      button="left", clickCount=1)

    def key(self, name):
        code = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowLeft": 37,
                "ArrowRight": 39, " ": 32}[name]
        more = {"text": "\r"} if name == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name,
                      code="Space" if name == " " else name,
                      windowsVirtualKeyCode=code,
                      **(more if kind == "keyDown" else {}))

    def type(self, text):
        self.call("Input.insertText", text=text)

    def middle(self, selector):
        """Where the middle of an element is, after scrolling to it."""
        return self.js(f"""(() => {{
            const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: 'center', behavior: 'instant'}});
            const r = e.getBoundingClientRect();
            return [r.x + r.width / 2, r.y + r.height / 2];
        }})()""")

    def shot(self, path, whole=False):
        more = {}
        if whole:
            box = self.call("Page.getLayoutMetrics")["cssContentSize"]
            more = {"captureBeyondViewport": True,
                    "clip": {**box, "height": min(box["height"], 16000),
                             "scale": 1}}
        got = self.call("Page.captureScreenshot", format="png", **more)
        with open(path, "wb") as f:
            f.write(base64.b64decode(got["data"]))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF",
                                          printBackground=True)["data"])
