//! The text of LOCKWARDEN-MIB, under the default root or the user's own.

use std::fmt::Write as _;

use crate::wire::snmp::Oid;

/// The root in net-snmp's arc for experiments (netSnmpPlaypen).
pub const DEFAULT_ROOT: Oid = Oid::known(&[1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 8162]);

const TEXT: &str = include_str!("../../../config/LOCKWARDEN-MIB.txt");
const IDENTITY: &str = "    ::= { lockwardenArc3 8162 }\n";
const ARCS: &str = "lockwardenArc1 OBJECT IDENTIFIER ::= { enterprises 8072 }
lockwardenArc2 OBJECT IDENTIFIER ::= { lockwardenArc1 9999 }
lockwardenArc3 OBJECT IDENTIFIER ::= { lockwardenArc2 9999 }
";
const ENTERPRISES: [u32; 6] = [1, 3, 6, 1, 4, 1];

/// The module for this root.
///
/// # Errors
/// If the root does not lie below `1.3.6.1.4.1` (enterprises), where a site's own number is.
pub fn module(root: &Oid) -> Result<String, String> {
    let below = root.sub_ids().strip_prefix(&ENTERPRISES).unwrap_or_default();
    let Some((last, arcs)) = below.split_last() else {
        return Err(format!("{root}: the root must lie below 1.3.6.1.4.1, for example 1.3.6.1.4.1.YOUR-NUMBER.1"));
    };
    let mut parent = String::from("enterprises");
    let mut definitions = String::new();
    for (n, arc) in (1..).zip(arcs) {
        let name = format!("lockwardenArc{n}");
        // Writing to a String does not fail.
        let _full = writeln!(definitions, "{name} OBJECT IDENTIFIER ::= {{ {parent} {arc} }}").is_err();
        parent = name;
    }
    Ok(TEXT.replace(IDENTITY, &format!("    ::= {{ {parent} {last} }}\n")).replace(ARCS, &definitions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_root_gives_the_shipped_text() {
        assert_eq!(module(&DEFAULT_ROOT).unwrap(), TEXT);
    }

    #[test]
    fn an_own_number_replaces_the_arc() {
        let text = module(&"1.3.6.1.4.1.99999.7".parse().unwrap()).unwrap();
        assert!(
            text.contains("::= { lockwardenArc1 7 }\n\nlockwardenArc1 OBJECT IDENTIFIER ::= { enterprises 99999 }\n\n")
        );
        assert!(!text.contains("8072"));
        assert!(module(&"1.3.6.1.2.1".parse().unwrap()).is_err());
        let text = module(&"1.3.6.1.4.1.99999".parse().unwrap()).unwrap();
        assert!(text.contains("::= { enterprises 99999 }\n\n"));
    }
}
