"""The stream's handshake as bytes, for clients that are no SDK and behave worse."""

import socket

from tests.processes.site import Process


def knock(process: Process, key: str, *, since: int = 0, receive_buffer: int | None = None) -> socket.socket:
    """Open a connection and ask for the stream; nothing has been read yet."""
    lines = [
        f"GET /sdk/stream?since={since} HTTP/1.1",
        f"Host: 127.0.0.1:{process.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        f"Authorization: Bearer {key}",
    ]
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(("127.0.0.1", process.port))
    connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return connection
