# SPDX-License-Identifier: Apache-2.0
"""The DNS load of outage.py, inside the namespace: SERVER CLIENT QPS, then a number of seconds per line.

One thread that sends on a schedule and takes the answers in between: its own pauses are told with the result."""
import gc
import json
import os
import select
import socket
import sys
import time

# A query for www.example.test A, without its id.
QUERY = b"\x01\0\0\1\0\0\0\0\0\0\3www\7example\4test\0\0\1\0\1"
WARM = 0x8000  # ids from here on: not counted
WARM_ANSWERS, WARM_S, SOON, LATE_S = 100, 3.0, 50, 0.2


class Load:
    def __init__(self, server, client, qps):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((client, 0))
        self.socket.connect((server, 53))
        self.period = 1 / qps

    def send(self, number):
        try:
            self.socket.send(number.to_bytes(2, "big") + QUERY)
        except OSError:  # the kernel knows of no way: as lost as any
            pass

    def take(self, deadline, got):
        """Answers until then; got(id) ends it early by True."""
        while True:
            left = deadline - time.monotonic()
            if not select.select([self.socket], [], [], max(0, left))[0]:
                return False
            try:
                answer = self.socket.recv(512)
            except OSError:
                continue
            if got(int.from_bytes(answer[:2], "big")):
                return True
            if left <= 0:
                return False

    def warm_up(self):
        """Until a number in a row is answered, each soon: whether that came, and how many were answered at all."""
        answered = set()
        sent = row = 0
        start = time.monotonic()
        while row < WARM_ANSWERS and time.monotonic() < start + WARM_S:
            self.take(start + sent * self.period, answered.add)
            self.send(WARM + sent % WARM)
            sent += 1
            row = row + 1 if WARM + (sent - SOON) % WARM in answered else 0
        return {"warm": row >= WARM_ANSWERS, "answered": len(answered)}

    def run(self, seconds):
        total = int(seconds / self.period)
        sent, answered = [0.0] * total, [False] * total
        left = total

        def got(number):
            nonlocal left
            if number < total and not answered[number]:
                answered[number] = True
                left -= 1
            return left == 0

        start = time.monotonic()
        for n in range(total):
            self.take(start + n * self.period, got)
            sent[n] = time.monotonic()
            self.send(n)
        self.take(time.monotonic() + LATE_S, got)
        return self.result(sent, answered)

    @staticmethod
    def result(sent, answered):
        gap, first = 0.0, None
        for n, ok in enumerate(answered):
            if not ok and first is None:
                first = n
            if first is not None and (ok or n == len(sent) - 1):
                gap = max(gap, sent[n] - sent[first])
            if ok:
                first = None
        pause = max(b - a for a, b in zip(sent, sent[1:]))
        return {"sent": len(sent), "lost": answered.count(False), "gap_ms": round(gap * 1000, 1),
                "pause_ms": round(pause * 1000, 1)}


def main():
    load = Load(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    try:  # what the load is late itself must not look like the guest
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except OSError:
        pass
    gc.disable()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(load.warm_up()), flush=True)
        print(json.dumps(load.run(float(line))), flush=True)


main()
