"""Sends a failed sign-in as a trap and as an inform for each SNMPv3 user of the table on standard input (users.py), by
pysnmp.

send.py PORT: one line for each message, "trap NAME ok" or what pysnmp says instead; an inform is ok when it is answered.
"""

import asyncio
import sys

import users
from pysnmp.hlapi.v3arch.asyncio import ContextData, SnmpEngine, UdpTransportTarget, UsmUserData, send_notification
from pysnmp.proto.rfc1902 import Integer, ObjectIdentifier, OctetString, TimeTicks

ENGINE = OctetString(hexValue="80001f88047079736e6d70")
CLOG = "1.3.6.1.4.1.9.9.41"


def failure(account):
    """The variables of clogMessageGenerated about a failed sign-in."""
    column = lambda number: f"{CLOG}.1.2.3.1.{number}.7"
    text = f"%[UserID={account}][AppID=Cisco Tomcat][ClusterID=StandAloneCluster][NodeID=cucm-sub1]: constructed"
    return [
        ("1.3.6.1.2.1.1.3.0", TimeTicks(1_000)),
        ("1.3.6.1.6.3.1.1.4.1.0", ObjectIdentifier(f"{CLOG}.2.0.1")),
        (column(2), OctetString("UC_IMS")),
        (column(3), Integer(5)),
        (column(4), OctetString("authFail")),
        (column(5), OctetString(text)),
        (column(6), TimeTicks(900)),
    ]


async def main(port):
    engine = SnmpEngine(snmpEngineID=ENGINE)
    for row in sys.stdin:
        name, protection = users.read(row)
        sender = UsmUserData(name, **protection)
        for kind in ("trap", "inform"):
            variables = failure(f"{kind}-{sender.userName}")
            # Everything goes to all targets of a tag, whatever user they have: so each has a tag of its own.
            target = await UdpTransportTarget.create(
                ("127.0.0.1", port), timeout=20, retries=0, tagList=f"{kind}-{sender.userName}"
            )
            indication, status, _, _ = await send_notification(
                engine, sender, target, ContextData(), kind, *variables, lookupMib=False
            )
            print(kind, sender.userName, indication or (status and f"error-status {status}") or "ok", flush=True)
    engine.close_dispatcher()


asyncio.run(main(int(sys.argv[1])))
