"""A proxy from agent.toml carries TLS to the cloud, and sees nothing of it."""

import socket
import threading

import harness
import tls_world


class Proxy:
    """An HTTP proxy that leads every CONNECT to one port of this machine."""

    def __init__(self, answer=b"HTTP/1.1 200 Connected\r\n\r\n"):
        self.answer = answer
        self.leads_to = None
        self.heads = []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.stopping = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            client, _ = self.listening.accept()
            with client:
                if self.stopping:
                    return
                client.settimeout(5)
                head = b""
                try:
                    while b"\r\n\r\n" not in head:
                        piece = client.recv(65536)
                        if not piece:
                            break
                        head += piece
                    self.heads.append(head)
                    client.sendall(self.answer)
                    if self.leads_to:
                        self.join(client)
                except OSError:
                    pass

    def join(self, client):
        with socket.create_connection(("127.0.0.1", self.leads_to)) as server:
            server.settimeout(5)
            back = threading.Thread(target=copy, args=(server, client))
            back.start()
            copy(client, server)
            back.join()

    def close(self):
        self.stopping = True
        socket.create_connection(("127.0.0.1", self.port)).close()
        self.thread.join()
        self.listening.close()


def copy(one, other):
    try:
        while piece := one.recv(65536):
            other.sendall(piece)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class CloudProxyTest(tls_world.TlsTest):

    def through(self, proxy):
        self.addCleanup(proxy.close)
        self.start_agent(self.trusting_the_ca()
                         + f'proxy = "http://127.0.0.1:{proxy.port}"\n')

    def test_https_is_tunnelled_through_it(self):
        proxy = Proxy()
        self.through(proxy)
        server = self.peer("subjectAltName=DNS:cloud.test")
        proxy.leads_to = server.port
        self.assert_trusted(server, host="cloud.test")
        self.assertTrue(proxy.heads[0].startswith(
            b"CONNECT cloud.test:%d HTTP/1.1\r\n" % server.port))
        self.assertNotIn(self.api_key.encode(), b"".join(proxy.heads))

    def test_it_cannot_play_the_cloud(self):
        proxy = Proxy()
        self.through(proxy)
        proxy.leads_to = self.peer("subjectAltName=DNS:proxy.test").port
        server = self.peer("subjectAltName=DNS:cloud.test")
        self.assert_explained(self.read(server, host="cloud.test"))
        self.assertEqual(server.requests, [])

    def test_what_is_on_this_machine_is_reached_without_it(self):
        proxy = Proxy()
        self.through(proxy)
        self.assert_trusted(self.peer())
        self.assertEqual(proxy.heads, [])

    def test_one_that_refuses_is_an_error(self):
        proxy = Proxy(b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n"
                      b"Set-Cookie: better-auth.session_token=x\r\n"
                      b"Content-Length: 0\r\n\r\n")
        self.through(proxy)
        server = self.peer("subjectAltName=DNS:cloud.test")
        result = self.read(server, host="cloud.test")
        self.assert_explained(result)
        self.assert_exit(6, result)

    def test_one_with_a_password_in_it_stops_the_start(self):
        folder = self.world.home / ".config/libretto"
        folder.mkdir(parents=True)
        (folder / "agent.toml").write_text(
            f'proxy = "http://me:{self.world.password}@proxy.test"\n')
        result = self.world.run([str(harness.BIN / "libretto-agent"), "serve"])
        self.assert_explained(result)
        self.assertIn("password", result.err)
        self.assertNotIn(self.world.password, result.err)


if __name__ == "__main__":
    harness.main()
