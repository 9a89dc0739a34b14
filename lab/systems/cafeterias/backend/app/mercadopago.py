"""The payment provider's part, so that nobody is charged: it says yes to every payment."""

import itertools
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NUMBERS = itertools.count(1)


class Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200, {"status": "operational"})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        asked = json.loads(self.rfile.read(length))
        self.answer(201, {"id": f"mp-{asked['external_reference']}-{next(NUMBERS)}", "status": "approved"})

    def answer(self, status: int, body: dict) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    address = (os.environ.get("MERCADOPAGO_HOST", "127.0.0.1"), int(os.environ["MERCADOPAGO_PORT"]))
    ThreadingHTTPServer(address, Provider).serve_forever()
