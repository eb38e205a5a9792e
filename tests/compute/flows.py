# SPDX-License-Identifier: Apache-2.0
"""DNS queries as many resolvers send them, each from a port of its own, at a constant rate: flows.py SERVER QPS SECONDS.
Prints one line of JSON. A query without an answer after 2 s is lost."""
import json
import select
import socket
import sys
import time

QUERY = b"\0\1\1\0\0\1\0\0\0\0\0\0\3www\7example\4test\0\0\1\0\1"
PATIENCE = 2.0
FIRST_PORT, PORTS = 2000, 60000  # one after the other: none again before its entry is forgotten


def main():
    server, qps, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    total = int(qps * seconds)
    poller = select.epoll()
    open_flows, latency = {}, [None] * total
    start = time.monotonic()
    sent = 0
    while sent < total or open_flows:
        now = time.monotonic()
        while sent < total and now >= start + sent / qps:
            flow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
            flow.bind(("0.0.0.0", FIRST_PORT + sent % PORTS))
            flow.connect((server, 53))
            poller.register(flow, select.EPOLLIN)
            open_flows[flow.fileno()] = (sent, time.monotonic(), flow)
            try:
                flow.send(QUERY)
            except OSError:
                pass
            sent += 1
        wait = max(0.0, start + sent / qps - time.monotonic()) if sent < total else 0.05
        for fd, _ in poller.poll(min(wait, 0.05)):
            number, when, flow = open_flows[fd]
            try:
                answered = len(flow.recv(512)) > 12
            except OSError:
                answered = False
            if answered:
                latency[number] = time.monotonic() - when
                open_flows.pop(fd)
                flow.close()
        for fd in [fd for fd, (_, when, _) in open_flows.items() if time.monotonic() > when + PATIENCE]:
            open_flows.pop(fd)[2].close()
    answered = sorted(ms for ms in latency if ms is not None)
    lost = [number for number, ms in enumerate(latency) if ms is None]
    print(json.dumps({"sent": total, "lost": len(lost), "first_lost": lost[0] if lost else None,
                      "first_lost_s": round(lost[0] / qps, 1) if lost else None,
                      "median_ms": round(answered[len(answered) // 2] * 1000, 1) if answered else None}))


main()
