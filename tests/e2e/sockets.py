"""The local cloud is this machine's alone."""

import socket
import unittest

from world import cloud, emulator


class Sockets(unittest.TestCase):
    def test_every_socket_of_the_emulator_and_its_functions_is_on_loopback(self):
        state = cloud().state
        cloud().tick()
        self.assertGreater(len(emulator.session_members(state["pid"])), 1, "functions run")
        self.assertTrue(emulator.sockets_are_loopback(state["pid"]))

    def test_it_does_not_answer_on_another_address_of_this_machine(self):
        for address in other_addresses():
            with self.subTest(address), self.assertRaises(OSError):
                socket.create_connection((address, cloud().state["port"]), timeout=2).close()


def other_addresses():
    """Addresses of this machine beyond loopback; asking for a route sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            found = {probe.getsockname()[0]}
        except OSError:
            found = set()
    return {address for address in found if not address.startswith("127.")}


if __name__ == "__main__":
    unittest.main()
