"""``python -m connectors.sip.worker FD``: FD is a listening Unix socket of kind SOCK_SEQPACKET."""

import socket
import sys

from connectors.sip.worker.process import Worker

if __name__ == "__main__":
    sys.exit(Worker(socket.socket(fileno=int(sys.argv[1]))).run())
