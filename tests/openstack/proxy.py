#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy between an OpenStack client and the services of the test cloud that spoils single exchanges.

It numbers the requests 1, 2, ... in the order in which they come, over all services, and puts its own ports
into the catalog and the links of the answers, so that a client which logs in through it stays with it.
A fault is set for one number (or some in a row):

    500 401          an error, in the service's own words; the request is not forwarded
    503 429          the same, from a load balancer, with Retry-After: 1
    html             200 with an HTML page; not forwarded
    reset-before     connection reset (RST); not forwarded
    stall            no answer until the client gives up; not forwarded
    slow             200, then a byte now and then; not forwarded
    huge             200 with a body that does not end; not forwarded
    kill-before      the client is killed (SIGKILL); not forwarded
    reset-after      forwarded; the answer is thrown away, and the connection reset
    cut              forwarded; half of the answer with the Content-Length of the whole, then the end
    badjson          forwarded; the answer's body is broken JSON
    types            forwarded; texts become numbers, numbers texts
    kill-after       forwarded; the client is killed when the service has answered, before it is told
"""
import argparse
import http.client
import http.server
import json
import os
import re
import select
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
import uuid

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "unit"))
import fake_cloud  # noqa: E402  # pylint: disable=wrong-import-position

PORTS = {"identity": 5000, "image": 9292, "compute": 8774, "network": 9696, "placement": 8778}
FAULTS = ("500", "503", "429", "401", "reset-before", "reset-after", "stall", "cut", "html", "badjson",
          "slow", "huge", "types",
          "kill-before", "kill-after")
PIECE = 65536
UPSTREAM_TIMEOUT = 300
# RFC 9110, 7.6.1, and what this proxy decides itself.
NOT_FORWARDED = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect", "host",
                 "accept-encoding"}
NOT_RETURNED = {"connection", "keep-alive", "transfer-encoding", "content-length"}
HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to this network</h1></body></html>\n"
BAD_JSON = b'{"error": {"code": 200, "message": "this ends too ea'


class ClientGone(Exception):
    """The client closed its connection in the middle of its request."""


class FaultProxy:
    """Starts with start() or `with`. `log` has one dict for each request, in order of arrival."""

    def __init__(self, log_file=None):
        self._lock = threading.Condition()
        self._log_file = log_file
        self._stopped = threading.Event()
        self.ports = {}
        self._servers = []
        self.reset()

    def start(self):
        for service in PORTS:
            server = _Server(("127.0.0.1", 0), _Exchange)
            server.proxy, server.service = self, service
            self.ports[service] = server.server_address[1]
            self._servers.append(server)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self._stopped.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    @property
    def auth_url(self):
        return f"http://127.0.0.1:{self.ports['identity']}/v3"

    def reset(self):
        """Before a new run: numbers from 1 again, no faults, no client to kill."""
        with self._lock:
            self.log = []
            self._faults = {}
            self._spoiled = []
            self._client = None
            self._busy = 0

    def fault(self, kind, number, count=1):
        """Spoils request `number`, and the `count` - 1 that follow it."""
        if kind not in FAULTS:
            raise ValueError(f"no such fault: {kind}")
        with self._lock:
            self._faults.update(dict.fromkeys(range(number, number + count), kind))

    def spoil(self, kind, method="", service="", path="", count=None):
        """Spoils the next `count` requests (None: all, until mend()) whose method, service and path these regular
        expressions fit."""
        if kind not in FAULTS:
            raise ValueError(f"no such fault: {kind}")
        with self._lock:
            self._spoiled.append({"kind": kind, "what": (method, service, path), "left": count})

    def mend(self):
        """Ends what spoil() began."""
        with self._lock:
            self._spoiled = []

    def client(self, pid):
        """Whom kill-before and kill-after kill; they wait until it is told."""
        with self._lock:
            self._client = pid
            self._lock.notify_all()

    def settle(self, seconds=60):
        """Waits until the services have answered all that was forwarded, also for a client that is dead."""
        with self._lock:
            if not self._lock.wait_for(lambda: self._busy == 0, seconds):
                raise TimeoutError(f"{self._busy} requests still under way after {seconds} s")

    # ---- for the exchanges ----

    def _take_spoiled(self, *request):
        for one in self._spoiled:
            if one["left"] != 0 and all(map(re.search, one["what"], request)):
                one["left"] = one["left"] and one["left"] - 1
                return one["kind"]
        return None

    def begin(self, service, method, path):
        with self._lock:
            fault = self._faults.get(len(self.log) + 1) or self._take_spoiled(method, service, path)
            entry = {"number": len(self.log) + 1, "method": method, "service": service, "path": path,
                     "fault": fault, "start": time.time(), "end": None,
                     "upstream": None, "status": None, "request_id": None}
            self.log.append(entry)
            self._busy += 1
            return entry

    def end(self, entry):
        entry["end"] = time.time()
        with self._lock:
            if self._log_file:
                self._log_file.write(json.dumps(entry) + "\n")
                self._log_file.flush()
            if entry in self.log:  # not of a run before reset()
                self._busy -= 1
                self._lock.notify_all()

    def kill_client(self):
        with self._lock:
            self._lock.wait_for(lambda: self._client is not None)
            os.kill(self._client, signal.SIGKILL)

    def stopped(self):
        return self._stopped.is_set()

    def rewrite(self, text):
        """Our ports for those of the services."""
        for service, port in PORTS.items():
            text = re.sub(rb"http://127\.0\.0\.1:%d(?!\d)" % port,
                          b"http://127.0.0.1:%d" % self.ports[service], text)
        return text


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Exchange(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:  # the client went away between two requests
            self.close_connection = True

    def exchange(self):
        self.proxy = self.server.proxy
        self.unread = self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers
        self.entry = self.proxy.begin(self.server.service, self.command, self.path)
        try:
            FAULT_HANDLERS[self.entry["fault"]](self)
        except (ClientGone, OSError):
            self.close_connection = True
        finally:
            self.proxy.end(self.entry)
        if self.unread:  # what is left of the body is not the next request
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = exchange

    # ---- the request's body ----

    def pieces(self):
        """The body in the framing it came in, as it comes."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            yield from self.chunks()
        else:
            left = int(self.headers.get("Content-Length", "0"))
            while left:
                piece = self.rfile.read1(min(left, PIECE))
                if not piece:
                    raise ClientGone
                left -= len(piece)
                yield piece
        self.unread = False

    def chunks(self):
        size = None
        while size != 0:
            line = self.rfile.readline(PIECE)
            try:
                size = int(line.split(b";")[0], 16)
            except ValueError:
                raise ClientGone from None
            chunk = self.rfile.read(size + 2)  # with the line's end
            if len(chunk) != size + 2:
                raise ClientGone
            yield line + chunk

    def drain(self):
        for _ in self.pieces():
            pass

    # ---- to the service and back ----

    def forward(self):
        """The service's answer as (status, reason, headers, body), ours in place of its addresses."""
        port = PORTS[self.server.service]
        upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=UPSTREAM_TIMEOUT)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            upstream.putheader("Host", f"127.0.0.1:{port}")
            upstream.putheader("Connection", "close")
            for name, value in self.headers.items():
                if name.lower() not in NOT_FORWARDED:
                    upstream.putheader(name, value)
            upstream.endheaders()
            try:
                for piece in self.pieces():
                    upstream.send(piece)
            except (BrokenPipeError, ConnectionResetError):
                pass  # a service may answer without having read all
            answer = upstream.getresponse()
            body = answer.read()
        finally:
            upstream.close()
        self.entry["upstream"] = answer.status
        self.entry["request_id"] = answer.headers.get("x-openstack-request-id")
        headers = [(name, self.proxy.rewrite(value.encode("latin-1")).decode("latin-1"))
                   for name, value in answer.headers.items() if name.lower() not in NOT_RETURNED]
        if "json" in answer.headers.get("Content-Type", ""):
            body = self.proxy.rewrite(body)
        elif self.command == "HEAD" and "Content-Length" in answer.headers:
            headers.append(("Content-Length", answer.headers["Content-Length"]))
        return answer.status, answer.reason, headers, body

    def reply(self, status, reason, headers, body, cut=False, announced=None):
        """Sends it in one piece, or only the first half, or less than what is announced."""
        self.entry["status"] = status
        lines = [f"HTTP/1.1 {status} {reason}"] + [f"{name}: {value}" for name, value in headers]
        if self.command != "HEAD" and status not in (204, 304):
            lines.append(f"Content-Length: {announced or len(body)}")
        head = "\r\n".join(lines + ["", ""]).encode("latin-1")
        if cut:
            self.close_connection = True
            # Nothing to halve in an answer without a body but its head.
            self.connection.sendall(head + body[:len(body) // 2] if body else head[:len(head) // 2])
        else:
            self.connection.sendall(head + body)

    def hang_up(self):
        """Closes with RST: no FIN, what was not read is lost."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    # ---- the faults ----

    def pass_on(self):
        self.reply(*self.forward())

    def fail(self, status, reason, message):
        """As the service itself tells an error."""
        self.drain()
        self.entry["request_id"] = f"req-{uuid.uuid4()}"
        headers = [("Content-Type", "application/json"), ("x-openstack-request-id", self.entry["request_id"])]
        error = {"code": status, "message": message}
        if status == 401:
            headers.append(("WWW-Authenticate", f'Keystone uri="{self.proxy.auth_url}"'))
        body = {"compute": {"computeFault": error}, "network": {"NeutronError": {
            "type": "HTTPInternalServerError", "message": message, "detail": ""}}}
        body = {"error": {**error, "title": reason}} if status == 401 else \
            body.get(self.server.service, {"error": {**error, "title": reason}})
        self.reply(status, reason, headers, json.dumps(body).encode())

    def refuse(self, status, reason):
        """As a load balancer in front of the service does."""
        self.drain()
        body = f"<html><body><h1>{status} {reason}</h1></body></html>\n".encode()
        self.reply(status, reason, [("Content-Type", "text/html"), ("Retry-After", "1")], body)

    def internal_error(self):
        self.fail(500, "Internal Server Error", "The server has either erred or is incapable of performing "
                  "the requested operation.")

    def unauthorized(self):
        self.fail(401, "Unauthorized", "The request you have made requires authentication.")

    def unavailable(self):
        self.refuse(503, "Service Unavailable")

    def too_many(self):
        self.refuse(429, "Too Many Requests")

    def html(self):
        self.drain()
        self.reply(200, "OK", [("Content-Type", "text/html")], HTML)

    def stall(self):
        self.drain()
        while not self.proxy.stopped():
            if select.select([self.connection], [], [], 0.1)[0] and not self.connection.recv(PIECE):
                break
        self.close_connection = True

    def reset_after(self):
        self.forward()
        self.hang_up()

    def cut(self):
        self.reply(*self.forward(), cut=True)

    def bad_json(self):
        status, reason, headers, _ = self.forward()
        headers = [(name, value) for name, value in headers if name.lower() != "content-type"]
        # An answer without a body, such as that to a DELETE, has none to spoil.
        body = b"" if status == 204 else BAD_JSON
        self.reply(status, reason, headers + [("Content-Type", "application/json")], body)

    def drip(self, piece, seconds):
        """An answer without end, until the client has enough."""
        self.drain()
        self.reply(200, "OK", [("Content-Type", "application/json")], b" ", announced=1 << 40)
        self.close_connection = True
        while not self.proxy.stopped():
            self.connection.sendall(piece)
            time.sleep(seconds)

    def slow(self):
        self.drip(b" ", 0.2)

    def huge(self):
        self.drip(b" " * PIECE, 0)

    def other_types(self):
        status, reason, headers, body = self.forward()
        if "json" in dict(headers).get("Content-Type", "") and body:
            body = json.dumps(fake_cloud.other_types(json.loads(body), True)).encode()
        self.reply(status, reason, headers, body)

    def kill_before(self):
        self.proxy.kill_client()
        self.hang_up()

    def kill_after(self):
        self.forward()
        self.proxy.kill_client()
        self.hang_up()


FAULT_HANDLERS = {
    None: _Exchange.pass_on,
    "500": _Exchange.internal_error,
    "503": _Exchange.unavailable,
    "429": _Exchange.too_many,
    "401": _Exchange.unauthorized,
    "reset-before": _Exchange.hang_up,
    "reset-after": _Exchange.reset_after,
    "stall": _Exchange.stall,
    "cut": _Exchange.cut,
    "html": _Exchange.html,
    "badjson": _Exchange.bad_json,
    "slow": _Exchange.slow,
    "huge": _Exchange.huge,
    "types": _Exchange.other_types,
    "kill-before": _Exchange.kill_before,
    "kill-after": _Exchange.kill_after,
}


def main():
    parser = argparse.ArgumentParser(description="Fault proxy of the test cloud; prints the auth_url to use.")
    parser.add_argument("--log", type=argparse.FileType("a"), default=sys.stdout, help="JSON lines go there")
    parser.add_argument("--fault", action="append", default=[], metavar="KIND@NUMBER", help=", ".join(FAULTS))
    parser.add_argument("--pid", type=int, help="whom kill-before and kill-after kill")
    arguments = parser.parse_args()
    with FaultProxy(arguments.log) as proxy:
        for text in arguments.fault:
            kind, _, number = text.partition("@")
            if kind not in FAULTS or not number.isdigit():
                parser.error(f"--fault {text}: not KIND@NUMBER")
            proxy.fault(kind, int(number))
        if arguments.pid:
            proxy.client(arguments.pid)
        print(f"OS_AUTH_URL={proxy.auth_url}", file=sys.stderr, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
