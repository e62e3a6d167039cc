//! One varbind: a name and its value (RFC 3416 section 3, RFC 2578 section 7).
//!
//! `snmp-parser` reads the value. The cursor looks first, since the parser takes an empty OCTET STRING for no value, an
//! empty number for zero, and leaves object identifiers, trailing octets and constructed forms unexamined. Refuses the
//! historic BIT STRING and NsapAddress (RFC 1442) and every tag that no SNMP version knows.

use core::net::Ipv4Addr;

use snmp_parser::asn1_rs::{Any, FromBer};
use snmp_parser::{NetworkAddress, ObjectSyntax, SnmpVariable, VarBindValue};

use super::ber::{self, Cursor, Tlv};
use super::oid::OidRef;
use crate::wire::DecodeError;

/// What a varbind says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    /// `INTEGER`, `Integer32`.
    Integer(i32),
    /// `OCTET STRING`, of any bytes and possibly empty.
    OctetString(&'a [u8]),
    /// `OBJECT IDENTIFIER`.
    ObjectIdentifier(OidRef<'a>),
    /// `IpAddress`.
    IpAddress(Ipv4Addr),
    /// `Counter32`.
    Counter32(u32),
    /// `Gauge32`, `Unsigned32` (one tag), and the older `UInteger32`.
    Unsigned32(u32),
    /// `TimeTicks`: hundredths of a second.
    TimeTicks(u32),
    /// `Opaque`: bytes that we do not look into.
    Opaque(&'a [u8]),
    /// `Counter64`.
    Counter64(u64),
    /// `NULL`.
    Null,
    /// The exception `noSuchObject`.
    NoSuchObject,
    /// The exception `noSuchInstance`.
    NoSuchInstance,
    /// The exception `endOfMibView`.
    EndOfMibView,
}

/// A name and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Varbind<'a> {
    /// The name, an instance of an object.
    pub name: OidRef<'a>,
    /// The value.
    pub value: Value<'a>,
}

impl<'a> Varbind<'a> {
    /// Reads the next one of a list.
    pub(super) fn read(list: &mut Cursor<'a>) -> Result<Self, DecodeError> {
        let bind = list.tlv("varbind")?;
        if bind.tag != ber::SEQUENCE {
            return Err(DecodeError::Invalid("varbind"));
        }
        let mut parts = Cursor::new(bind.content);
        let name = OidRef::from_ber(parts.content(ber::OBJECT_IDENTIFIER, "varbind name")?)?;
        let value = parts.tlv("varbind value")?;
        parts.end("varbind")?;
        Ok(Self { name, value: Value::read(bind.whole, value)? })
    }
}

impl<'a> Value<'a> {
    fn read(bind: &'a [u8], value: Tlv<'a>) -> Result<Self, DecodeError> {
        if !is_well_formed(value) {
            return Err(INVALID);
        }
        let (_, any) = Any::from_ber(bind).or(Err(INVALID))?;
        let variable = SnmpVariable::try_from(any).or(Err(INVALID))?;
        match variable.val {
            VarBindValue::Value(syntax) => Self::from_syntax(syntax, value),
            VarBindValue::Unspecified => Ok(Self::Null),
            VarBindValue::NoSuchObject => Ok(Self::NoSuchObject),
            VarBindValue::NoSuchInstance => Ok(Self::NoSuchInstance),
            VarBindValue::EndOfMibView => Ok(Self::EndOfMibView),
        }
    }

    fn from_syntax(syntax: ObjectSyntax<'a>, value: Tlv<'a>) -> Result<Self, DecodeError> {
        Ok(match syntax {
            ObjectSyntax::Number(n) => Self::Integer(n),
            ObjectSyntax::String(bytes) => Self::OctetString(bytes),
            // Only an OCTET STRING can be empty here: `is_well_formed` has refused every other empty simple type.
            ObjectSyntax::Empty => Self::OctetString(value.content),
            ObjectSyntax::Object(_) => Self::ObjectIdentifier(OidRef::from_ber(value.content)?),
            ObjectSyntax::IpAddress(NetworkAddress::IPv4(address)) => Self::IpAddress(address),
            ObjectSyntax::Counter32(n) => Self::Counter32(n),
            ObjectSyntax::Gauge32(n) | ObjectSyntax::UInteger32(n) => Self::Unsigned32(n),
            ObjectSyntax::TimeTicks(n) => Self::TimeTicks(n),
            ObjectSyntax::Opaque(bytes) => Self::Opaque(bytes),
            ObjectSyntax::Counter64(n) => Self::Counter64(n),
            ObjectSyntax::BitString(_)
            | ObjectSyntax::UnknownSimple(_)
            | ObjectSyntax::NsapAddress(_)
            | ObjectSyntax::UnknownApplication(_) => return Err(INVALID),
        })
    }
}

const INVALID: DecodeError = DecodeError::Invalid("varbind value");

/// Whether the tag is one of ours, in primitive form ("the primitive form shall be used for all simple types", RFC 3417
/// section 8 (2)), and the length is possible for it.
const fn is_well_formed(value: Tlv<'_>) -> bool {
    match value.tag {
        ber::OCTET_STRING | ber::OPAQUE => true,
        ber::INTEGER
        | ber::OBJECT_IDENTIFIER
        | ber::IP_ADDRESS
        | ber::COUNTER32
        | ber::UNSIGNED32
        | ber::TIME_TICKS
        | ber::COUNTER64
        | ber::UINTEGER32 => !value.content.is_empty(),
        ber::NULL | ber::NO_SUCH_OBJECT | ber::NO_SUCH_INSTANCE | ber::END_OF_MIB_VIEW => value.content.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8]) -> Result<Value<'static>, DecodeError> {
        let length = u8::try_from(value.len()).unwrap();
        let mut bytes = vec![0x30, length + 4, 0x06, 2, 0x2b, 6];
        bytes.extend_from_slice(value);
        Varbind::read(&mut Cursor::new(bytes.leak())).map(|bind| bind.value)
    }

    #[test]
    fn every_type_is_read() {
        assert_eq!(read(&[0x02, 1, 0xff]), Ok(Value::Integer(-1)));
        assert_eq!(read(&[0x04, 2, 0xff, 0]), Ok(Value::OctetString(&[0xff, 0])));
        assert_eq!(read(&[0x04, 0]), Ok(Value::OctetString(&[])));
        assert_eq!(read(&[0x05, 0]), Ok(Value::Null));
        assert_eq!(read(&[0x06, 2, 0x2b, 6]), Ok(Value::ObjectIdentifier(OidRef::from_ber(&[0x2b, 6]).unwrap())));
        assert_eq!(read(&[0x40, 4, 192, 0, 2, 1]), Ok(Value::IpAddress(Ipv4Addr::new(192, 0, 2, 1))));
        assert_eq!(read(&[0x41, 5, 0, 255, 255, 255, 255]), Ok(Value::Counter32(u32::MAX)));
        assert_eq!(read(&[0x42, 1, 7]), Ok(Value::Unsigned32(7)));
        assert_eq!(read(&[0x47, 1, 7]), Ok(Value::Unsigned32(7)));
        assert_eq!(read(&[0x43, 2, 1, 0]), Ok(Value::TimeTicks(256)));
        assert_eq!(read(&[0x44, 3, 0x9f, 0x78, 4]), Ok(Value::Opaque(&[0x9f, 0x78, 4])));
        assert_eq!(read(&[0x44, 0]), Ok(Value::Opaque(&[])));
        assert_eq!(read(&[0x46, 9, 0, 255, 255, 255, 255, 255, 255, 255, 255]), Ok(Value::Counter64(u64::MAX)));
        assert_eq!(read(&[0x80, 0]), Ok(Value::NoSuchObject));
        assert_eq!(read(&[0x81, 0]), Ok(Value::NoSuchInstance));
        assert_eq!(read(&[0x82, 0]), Ok(Value::EndOfMibView));
    }

    #[test]
    fn illegal_values_are_refused() {
        let illegal: [&[u8]; 16] = [
            &[0x02, 0],
            &[0x02, 5, 1, 0, 0, 0, 0],
            &[0x05, 1, 0],
            &[0x24, 3, 0x04, 1, 0x41],
            &[0x40, 3, 192, 0, 2],
            &[0x40, 5, 192, 0, 2, 1, 1],
            &[0x41, 0],
            &[0x41, 1, 0xff],
            &[0x42, 5, 1, 0, 0, 0, 0],
            &[0x43, 5, 1, 0, 0, 0, 0],
            &[0x46, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x46, 0],
            &[0x80, 1, 0],
            &[0x83, 0],
            &[0x03, 2, 0, 0x80],
            &[0x45, 1, 0],
        ];
        for value in illegal {
            assert_eq!(read(value), Err(DecodeError::Invalid("varbind value")), "{value:02x?}");
        }
        assert_eq!(read(&[0x06, 2, 0x2b, 0x86]), Err(DecodeError::Truncated("object identifier")));
        assert_eq!(read(&[0x05, 0, 0x05, 0]), Err(DecodeError::Trailing("varbind")));
        assert_eq!(read(&[]), Err(DecodeError::Missing("varbind value")));
        assert_eq!(read(&[0x04, 5, 1]), Err(DecodeError::Truncated("varbind value")));
    }
}
