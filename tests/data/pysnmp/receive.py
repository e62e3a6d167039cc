"""Takes notifications by pysnmp from each SNMPv3 user of the table on standard input (users.py), and answers informs.

receive.py ENGINE: traps come from the engine with this id. The first line says on which port of 127.0.0.1 it listens; then there is
one line for each notification: PDU, user, level, number of variables, and the text of the last one.
"""

import sys

import users
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.proto.api import v2c

LEVELS = {1: "no-auth-no-priv", 2: "auth-no-priv", 3: "auth-priv"}


class Transport(udp.UdpTransport):
    """Says when it can be sent to."""

    def connection_made(self, transport):
        super().connection_made(transport)
        print(transport.get_extra_info("sockname")[1], flush=True)


def main(their_engine):
    receiver = engine.SnmpEngine()
    for row in sys.stdin:
        name, protection = users.read(row)
        # At the sender's engine for traps, at ours for informs.
        config.add_v3_user(receiver, name, securityEngineId=v2c.OctetString(hexValue=their_engine), **protection)
        config.add_v3_user(receiver, name, **protection)
    request = {}

    def note(engine, point, variables, context):
        request.update(variables)

    def show(engine, reference, context_engine, context_name, variables, context):
        pdu, level = type(request["pdu"]).__name__, LEVELS[int(request["securityLevel"])]
        text = bytes(variables[-1][1]).decode()
        print(pdu, request["securityName"], level, len(variables), text, sep="\t", flush=True)

    receiver.observer.register_observer(note, "rfc3412.receiveMessage:request")
    ntfrcv.NotificationReceiver(receiver, show)
    config.add_transport(receiver, udp.DOMAIN_NAME, Transport().open_server_mode(("127.0.0.1", 0)))
    receiver.transport_dispatcher.job_started(1)
    receiver.transport_dispatcher.run_dispatcher()


main(sys.argv[1])
