//! SNMPv3's users, ours and the senders', and what is wrong with them.

use super::problems;
use crate::config::*;
use crate::usm::{Auth, Level, Privacy};

fn one_user(keys: &str) -> Vec<String> {
    problems(&format!("[[traps.user]]\nname = \"cucm-traps\"\n{keys}"))
}

#[test]
fn the_level_follows_from_the_algorithms() {
    let text = r#"
[[traps.user]]
name = "one"
[[traps.user]]
name = "two"
auth = "md5"
auth-password = "opensesame"
engine-id = "0x80001f8804637563"
[[traps.user]]
name = "three"
level = "auth-priv"
auth = "sha512"
auth-password-file = "three.auth"
priv = "aes192"
priv-password = "opensesame"
"#;
    let users = Config::parse("x", text).unwrap().traps.users;
    let text = || SecretFrom::Text(Secret::new("opensesame"));
    let auth = Protected { algorithm: Auth::Sha512, password: SecretFrom::File("three.auth".into()) };
    let expected = [
        UsmUser { name: "one".into(), security: Security::NoAuthNoPriv, engine_ids: Vec::new() },
        UsmUser {
            name: "two".into(),
            security: Security::AuthNoPriv { auth: Protected { algorithm: Auth::Md5, password: text() } },
            engine_ids: vec![b"\x80\0\x1f\x88\x04cuc".to_vec()],
        },
        UsmUser {
            name: "three".into(),
            security: Security::AuthPriv { auth, privacy: Protected { algorithm: Privacy::Aes192, password: text() } },
            engine_ids: Vec::new(),
        },
    ];
    assert_eq!(users, expected);
    let levels: Vec<_> = users.iter().map(|user| user.security.level()).collect();
    assert_eq!(levels, [Level::NoAuthNoPriv, Level::AuthNoPriv, Level::AuthPriv]);
    assert!(!format!("{users:?}").contains("opensesame"));
}

#[test]
fn every_algorithm_and_level_has_its_name() {
    for auth in Auth::ALL {
        for privacy in Privacy::ALL {
            let keys = format!(
                "auth = \"{}\"\nauth-password = \"opensesame\"\npriv = \"{}\"\npriv-password = \"opensesame\"\n",
                auth.as_str(),
                privacy.as_str()
            );
            assert_eq!(one_user(&keys), [""; 0], "{keys}");
        }
    }
}

#[test]
fn other_spellings_are_answered_with_ours() {
    assert_eq!(
        one_user(
            "level = \"authPriv\"\nauth = \"SHA\"\nauth-password = \"opensesame\"\npriv = \"AES-256\"\npriv-password = \"opensesame\"\n"
        ),
        [
            "lockwarden.toml:3: traps.user.level: \"authPriv\" is not a security level (did you mean \"auth-priv\"?); allowed: \"no-auth-no-priv\", \"auth-no-priv\" or \"auth-priv\", for example \"auth-priv\"",
            "lockwarden.toml:4: traps.user.auth: \"SHA\" is not an authentication algorithm (did you mean \"sha1\"?); allowed: \"md5\", \"sha1\", \"sha224\", \"sha256\", \"sha384\" or \"sha512\", for example \"sha1\"",
            "lockwarden.toml:6: traps.user.priv: \"AES-256\" is not an encryption algorithm (did you mean \"aes256\" (net-snmp) or \"aes256c\" (Cisco)?); allowed: \"des\", \"aes128\", \"aes192\", \"aes256\", \"aes192c\" or \"aes256c\", for example \"aes128\"",
        ]
    );
    assert_eq!(
        one_user("auth = \"crc\"\nauth-password-file = \"a\"\npriv = 3\npriv-password-file = \"b\"\n"),
        [
            "lockwarden.toml:3: traps.user.auth: \"crc\" is not an authentication algorithm; allowed: \"md5\", \"sha1\", \"sha224\", \"sha256\", \"sha384\" or \"sha512\", for example \"sha1\"",
            "lockwarden.toml:5: traps.user.priv: 3 is not an encryption algorithm; allowed: \"des\", \"aes128\", \"aes192\", \"aes256\", \"aes192c\" or \"aes256c\", for example \"aes128\"",
        ]
    );
}

#[test]
fn algorithm_password_and_level_must_fit_one_another() {
    assert_eq!(
        one_user("auth = \"sha1\"\npriv = \"aes128\"\npriv-password = \"7 bytes\"\n"),
        [
            "lockwarden.toml:3: traps.user.auth: is given without a password; allowed: with auth-password or auth-password-file, for example auth-password-file = \"/etc/lockwarden/user.auth\"",
            "lockwarden.toml:5: traps.user.priv-password: *** is not a password of 8 octets or more; allowed: 8 to 255 octets, for example \"example-password\"",
        ]
    );
    assert_eq!(
        one_user("auth-password = \"opensesame\"\npriv-password-file = \"b\"\n"),
        [
            "lockwarden.toml:3: traps.user.auth-password: is given without auth; allowed: both or neither, for example auth = \"sha256\"",
            "lockwarden.toml:4: traps.user.priv-password-file: is given without priv; allowed: both or neither, for example priv = \"aes128\"",
        ]
    );
    assert_eq!(
        one_user("level = \"auth-priv\"\npriv = \"des\"\npriv-password = \"opensesame\"\n"),
        [
            "lockwarden.toml:4: traps.user.priv: is given without auth; allowed: with auth and its password: no level is privacy alone (RFC 3411 section 3.4.3), for example auth = \"sha256\"",
        ]
    );
    assert_eq!(
        one_user("level = \"auth-priv\"\nauth = \"sha1\"\nauth-password = \"opensesame\"\n"),
        [
            "lockwarden.toml:3: traps.user.level: is \"auth-priv\", and auth and priv make \"auth-no-priv\"; allowed: \"auth-priv\" with auth and priv, \"auth-no-priv\" with auth, \"no-auth-no-priv\" with neither",
        ]
    );
    assert_eq!(
        one_user("auth = \"sha1\"\nauth-password = \"opensesame\"\nauth-password-file = \"a\"\n"),
        ["lockwarden.toml:5: traps.user.auth-password-file: stands beside auth-password; allowed: one of the two"]
    );
}

#[test]
fn engine_ids_are_checked_one_by_one() {
    assert_eq!(
        problems(
            "[traps]\nengine-id = \"box-1\"\n[[traps.user]]\nname = \"a\"\nengine-id = \"0x80\"\n[[traps.user]]\nname = \"a\"\nengine-id = [\n\"0x80001f8804637563\",\n\"80001F8804637563\",\n7,\n\"0000000000\",\n]\n[[traps.user]]\nname = \"b\"\nengine-id = []\n"
        ),
        [
            "lockwarden.toml:2: traps.engine-id: \"box-1\" is not an engine id; allowed: 10 to 64 hexadecimal digits (5 to 32 octets), not all 0 and not all f, for example \"0x80007ed904626f782d31\"",
            "lockwarden.toml:5: traps.user.engine-id: \"0x80\" is not an engine id; allowed: 10 to 64 hexadecimal digits (5 to 32 octets), not all 0 and not all f, for example \"0x80001f8804637563\" or [\"0x80001f8804637563\", \"0x80001f8804637564\"]",
            "lockwarden.toml:10: traps.user.engine-id: \"80001F8804637563\" stands twice; allowed: each engine id once",
            "lockwarden.toml:11: traps.user.engine-id: 7 is not an engine id; allowed: 10 to 64 hexadecimal digits (5 to 32 octets), not all 0 and not all f, for example \"0x80001f8804637563\" or [\"0x80001f8804637563\", \"0x80001f8804637564\"]",
            "lockwarden.toml:12: traps.user.engine-id: \"0000000000\" is not an engine id; allowed: 10 to 64 hexadecimal digits (5 to 32 octets), not all 0 and not all f, for example \"0x80001f8804637563\" or [\"0x80001f8804637563\", \"0x80001f8804637564\"]",
            "lockwarden.toml:16: traps.user.engine-id: lists no engine id; allowed: at least one engine id, or no such key for any engine",
        ]
    );
}

#[test]
fn a_name_stands_once_at_each_engine() {
    let user = |name: &str, engine_id: &str| format!("[[traps.user]]\nname = \"{name}\"\n{engine_id}\n");
    let apart = [user("a", r#"engine-id = "0x8000000901""#), user("a", r#"engine-id = "0x8000000902""#), user("b", "")];
    assert_eq!(problems(&apart.concat()), [""; 0]);
    let twice = [
        user("a", r#"engine-id = "0x8000000901""#),
        user("a", r#"engine-id = ["0x8000000902", "0x8000000901"]"#),
        user("b", r#"engine-id = "0x8000000901""#),
        user("b", ""),
        user(&"n".repeat(33), ""),
        "[[traps.user]]\n".into(),
    ];
    assert_eq!(
        problems(&twice.concat()),
        [
            "lockwarden.toml:5: traps.user.name: is the name of a user above, at the same engines; allowed: each name once, or each with engine ids of its own",
            "lockwarden.toml:11: traps.user.name: is the name of a user above, at the same engines; allowed: each name once, or each with engine ids of its own",
            "lockwarden.toml:14: traps.user.name: \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\" is not a user name of SNMPv3; allowed: 1 to 32 octets, none of them a control character, for example \"cucm-traps\"",
            "lockwarden.toml:16: traps.user.name: is missing; allowed: 1 to 32 octets, none of them a control character, for example name = \"cucm-traps\"",
        ]
    );
}

#[test]
fn there_are_at_most_32_users() {
    let text: String = (1..=34).map(|n| format!("[[traps.user]]\nname = \"u{n}\"\n")).collect();
    assert_eq!(problems(&text), ["lockwarden.toml:65: traps.user: is number 33 of 34; allowed: at most 32 users"]);
}

#[test]
fn a_receiver_has_a_community_or_a_user() {
    assert_eq!(
        problems("[[nms]]\naddress = \"192.0.2.5\"\nuser = \"lockwarden\"\nauth = \"sha1\"\n"),
        [
            "lockwarden.toml:3: nms.user: is for v3; allowed: with version = \"v3\" only, for example version = \"v3\"",
            "lockwarden.toml:4: nms.auth: is for v3; allowed: with version = \"v3\" only, for example version = \"v3\"",
        ]
    );
    assert_eq!(
        problems(
            "[[nms]]\naddress = \"192.0.2.5\"\nversion = \"v3\"\nkind = \"inform\"\ncommunity = \"opensesame\"\nauth = \"sha1\"\nname = \"x\"\n"
        ),
        [
            "lockwarden.toml:1: nms.user: is missing; allowed: 1 to 32 octets, none of them a control character, for example user = \"lockwarden\"",
            "lockwarden.toml:5: nms.community: is for v1 and v2c; allowed: user with v3, for example user = \"lockwarden\"",
            "lockwarden.toml:6: nms.auth: is given without a password; allowed: with auth-password or auth-password-file, for example auth-password-file = \"/etc/lockwarden/user.auth\"",
            "lockwarden.toml:7: nms.name: is not a key: the user of v3 is named by user; allowed: address, version, kind, community, community-file, user, level, auth, auth-password, auth-password-file, priv, priv-password, priv-password-file, timeout-s, root-oid",
        ]
    );
}
