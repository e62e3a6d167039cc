//! The SNMPv3 users that a corpus was made with: a line of `users.csv`, or what a blob says of its sender.

use std::fmt::Write as _;

use lockwarden::usm::{Auth, EngineId, MasterKey, Privacy, Protection, User};

use super::octets;
use crate::conformance::read;
use crate::workspace::Failure;

/// A user, with the passwords in the clear.
#[derive(Clone, Debug)]
pub(in crate::conformance) struct Row {
    pub(in crate::conformance) name: String,
    pub(in crate::conformance) auth: Option<(Auth, String)>,
    pub(in crate::conformance) privacy: Option<(Privacy, String)>,
    /// `0x` and hexadecimal digits; empty: any.
    pub(in crate::conformance) engine: String,
}

/// `user,level,auth,auth_pw,priv,priv_pw,sender_engine`, under a line with these names.
pub(in crate::conformance) fn read_csv(file: &std::path::Path) -> Result<Vec<Row>, Failure> {
    let text = String::from_utf8_lossy(&read(file)?).into_owned();
    let rows = text.lines().skip(1).map(|line| {
        let row = match line.split(',').collect::<Vec<_>>().as_slice() {
            [name, _, auth, auth_pw, privacy, priv_pw, engine] => {
                Row::new(name, auth, auth_pw, privacy, priv_pw, engine)
            }
            _ => Err("not seven fields".into()),
        };
        row.map_err(|why| Failure::of(file.display().to_string(), format!("{line}: {why}")))
    });
    rows.collect()
}

impl Row {
    /// From the names that net-snmp gives the algorithms; empty: none.
    pub(in crate::conformance) fn new(
        name: &str,
        auth: &str,
        auth_password: &str,
        privacy: &str,
        priv_password: &str,
        engine: &str,
    ) -> Result<Self, String> {
        let plain = |name: &str| match name.to_ascii_lowercase().replace('-', "").as_str() {
            "sha" => "sha1".to_owned(),
            "aes" => "aes128".to_owned(),
            other => other.to_owned(),
        };
        let named = |auth: &str| Auth::named(&plain(auth)).ok_or_else(|| format!("no algorithm {auth}"));
        let cipher = |privacy: &str| Privacy::named(&plain(privacy)).ok_or_else(|| format!("no algorithm {privacy}"));
        let given = |name: &str| !name.is_empty();
        Ok(Self {
            name: name.to_owned(),
            auth: Some(auth).filter(|a| given(a)).map(named).transpose()?.map(|auth| (auth, auth_password.to_owned())),
            privacy: Some(privacy).filter(|p| given(p)).map(cipher).transpose()?.map(|p| (p, priv_password.to_owned())),
            engine: engine.to_owned(),
        })
    }

    /// As the receiver knows it.
    pub(in crate::conformance) fn user(&self) -> Result<User, Failure> {
        let failed = |why: &str| Failure::of(&self.name, why);
        let key = |auth, password: &str| {
            let key = MasterKey::from_password(auth, password.as_bytes());
            key.ok_or_else(|| failed("its password is too short"))
        };
        let protection = match (&self.auth, &self.privacy) {
            (None, _) => Protection::NoAuthNoPriv,
            (Some((auth, password)), None) => Protection::AuthNoPriv { auth: (*auth, key(*auth, password)?) },
            (Some((auth, password)), Some((privacy, secret))) => {
                Protection::AuthPriv { auth: (*auth, key(*auth, password)?), privacy: (*privacy, key(*auth, secret)?) }
            }
        };
        let engines = match self.engine.as_str() {
            "" => Vec::new(),
            engine => {
                let octets = octets(engine).map_err(|why| failed(&why))?;
                vec![EngineId::new(&octets).ok_or_else(|| failed("its engine id is none"))?]
            }
        };
        Ok(User { name: self.name.clone().into_bytes(), protection, engines })
    }

    /// As the operator writes it.
    pub(in crate::conformance) fn toml(&self) -> String {
        let mut text = format!("[[traps.user]]\nname = \"{}\"\n", self.name);
        let mut add = |key: &str, value: &str| {
            let _always = writeln!(text, "{key} = \"{value}\"").is_ok();
        };
        if let Some((auth, password)) = &self.auth {
            add("auth", auth.as_str());
            add("auth-password", password);
        }
        if let Some((privacy, password)) = &self.privacy {
            add("priv", privacy.as_str());
            add("priv-password", password);
        }
        if !self.engine.is_empty() {
            add("engine-id", &self.engine);
        }
        text
    }
}
