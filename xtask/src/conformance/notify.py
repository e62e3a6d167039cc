"""Sends a trap and an inform for each user, with pysnmp 7: notify.py PORT ENGINE-ID < USERS

ENGINE-ID is the sender's own, in hexadecimal digits. A user is a line `name,auth,auth-password,priv,priv-password`, with the names
of lockwarden.toml; none: empty. Prints how each message ended, `ok` for a trap that was sent and an inform that was answered; the
exit status is 0 if all did. To 127.0.0.1 only.
"""

import asyncio
import sys

from pysnmp.hlapi.v3arch.asyncio import (
    ContextData,
    NotificationType,
    ObjectIdentity,
    SnmpEngine,
    UdpTransportTarget,
    UsmUserData,
    send_notification,
    usmAesBlumenthalCfb192Protocol,
    usmAesBlumenthalCfb256Protocol,
    usmAesCfb128Protocol,
    usmAesCfb192Protocol,
    usmAesCfb256Protocol,
    usmDESPrivProtocol,
    usmHMAC128SHA224AuthProtocol,
    usmHMAC192SHA256AuthProtocol,
    usmHMAC256SHA384AuthProtocol,
    usmHMAC384SHA512AuthProtocol,
    usmHMACMD5AuthProtocol,
    usmHMACSHAAuthProtocol,
)
from pysnmp.proto.rfc1902 import OctetString

AUTH = {
    "md5": usmHMACMD5AuthProtocol,
    "sha1": usmHMACSHAAuthProtocol,
    "sha224": usmHMAC128SHA224AuthProtocol,
    "sha256": usmHMAC192SHA256AuthProtocol,
    "sha384": usmHMAC256SHA384AuthProtocol,
    "sha512": usmHMAC384SHA512AuthProtocol,
}
PRIV = {
    "des": usmDESPrivProtocol,
    "aes128": usmAesCfb128Protocol,
    "aes192": usmAesBlumenthalCfb192Protocol,
    "aes256": usmAesBlumenthalCfb256Protocol,
    "aes192c": usmAesCfb192Protocol,
    "aes256c": usmAesCfb256Protocol,
}
TRAP_OID = "1.3.6.1.4.1.8072.9999.9999.0.1"
MARK = "1.3.6.1.4.1.8072.9999.9999.1.0"


def credentials(line):
    name, auth, auth_password, priv, priv_password = line.split(",")
    keys = {}
    if auth:
        keys |= {"authKey": auth_password, "authProtocol": AUTH[auth]}
    if priv:
        keys |= {"privKey": priv_password, "privProtocol": PRIV[priv]}
    return name, UsmUserData(name, **keys)


async def main(port, engine_id, lines):
    engine = SnmpEngine(snmpEngineID=OctetString(hexValue=engine_id))
    failed = 0
    for name, user in map(credentials, lines):
        # Without a tag of its own, each message would go to all targets before it, too.
        target = await UdpTransportTarget.create(("127.0.0.1", port), timeout=3, retries=1, tagList=name)
        for kind in ("trap", "inform"):
            said = NotificationType(ObjectIdentity(TRAP_OID)).add_varbinds((MARK, OctetString(f"MARK:{name}-{kind}")))
            error, status, _, _ = await send_notification(engine, user, target, ContextData(), kind, said)
            problem = error or status
            failed += bool(problem)
            print(f"{name},{kind},{problem or 'ok'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.stdin.read().split())))
