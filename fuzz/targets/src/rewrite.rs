//! A notification that was read, written again by our encoder.

use lockwarden::wire::snmp::{Message, Notification, Oid, OutValue, OutVarbind, Value, Varbind, decode, encode};

/// The notification in these octets; panics if there is none.
pub(crate) fn notification(datagram: &[u8]) -> Notification<'_> {
    let read = decode(datagram);
    let Ok(Message::Notification(notification)) = read else { panic!("not a notification: {read:?}") };
    notification
}

/// These varbinds in a PDU that is else that of this SNMPv3 notification.
pub(crate) fn pdu(read: &Notification<'_>, varbinds: &[OutVarbind<'_>]) -> Vec<u8> {
    let trap_oid = read.trap_oid.to_oid().expect("a trap OID that was read can be kept");
    encode::notification_pdu(read.kind, read.request_id, read.uptime, &trap_oid, varbinds)
}

/// These varbinds in an SNMPv1 or SNMPv2c notification that is else the same.
pub(crate) fn encoded(read: &Notification<'_>, varbinds: &[OutVarbind<'_>]) -> Vec<u8> {
    match read.v1 {
        Some(v1) => {
            let enterprise = v1.enterprise.to_oid().expect("an OID that was read can be kept");
            encode::v1_trap(read.community, &enterprise, v1.agent, v1.generic, v1.specific, read.uptime, varbinds)
        }
        None => {
            let trap_oid = read.trap_oid.to_oid().expect("a trap OID that was read can be kept");
            encode::v2c(read.kind, read.community, read.request_id, read.uptime, &trap_oid, varbinds)
        }
    }
}

/// Panics unless it means the same when it is written by us and read again, in `again`. Varbinds with values that we never send
/// are left out on both sides.
pub(crate) fn means_the_same(
    read: &Notification<'_>,
    again: impl FnOnce(&[OutVarbind<'_>], &dyn Fn(Notification<'_>)),
) {
    let (kept, ours): (Vec<Varbind<'_>>, Vec<OutVarbind<'_>>) =
        read.varbinds.iter().filter_map(|varbind| Some((varbind, out(varbind)?))).unzip();
    again(&ours, &|again| {
        assert_eq!((again.version, again.kind, again.v1), (read.version, read.kind, read.v1));
        assert_eq!((again.community, again.request_id, again.uptime), (read.community, read.request_id, read.uptime));
        assert_eq!(again.trap_oid, read.trap_oid);
        assert_eq!(again.varbinds.iter().collect::<Vec<_>>(), kept);
    });
}

/// The varbind as one of ours; none if it has a value that we never send.
pub(crate) fn out<'a>(varbind: Varbind<'a>) -> Option<OutVarbind<'a>> {
    let name: Oid = varbind.name.to_oid().expect("a name that was read can be kept");
    let value = match varbind.value {
        Value::Integer(n) => OutValue::Integer(n),
        Value::OctetString(octets) => OutValue::OctetString(octets.into()),
        Value::ObjectIdentifier(oid) => {
            OutValue::ObjectIdentifier(oid.to_oid().expect("an OID that was read can be kept"))
        }
        Value::IpAddress(address) => OutValue::IpAddress(address),
        Value::Counter32(n) => OutValue::Counter32(n),
        Value::Unsigned32(n) => OutValue::Unsigned32(n),
        Value::TimeTicks(n) => OutValue::TimeTicks(n),
        Value::Counter64(n) => OutValue::Counter64(n),
        Value::Opaque(_) | Value::Null | Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
            return None;
        }
    };
    Some(OutVarbind { name, value })
}
