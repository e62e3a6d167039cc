//! Promise: what is published about an alert fits `config/schema/alert-1.json`, and the schema allows nothing else.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the whole crate is a test")]

use boon::{Compiler, SchemaIndex, Schemas};
use lockwarden::alert::{Alert, Basis, ClearedBy, Kind, Severity, State};
use lockwarden::event::{Authenticated, Channel, Credential, LockReason, Realm};
use serde::Serialize;
use serde_json::{Value, json};

/// The schema, ready to be asked.
struct Schema {
    text: Value,
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn new() -> Self {
        let text: Value = serde_json::from_str(include_str!("../config/schema/alert-1.json")).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("alert-1.json", text.clone()).unwrap();
        let index = compiler.compile("alert-1.json", &mut schemas).unwrap();
        Self { text, schemas, index }
    }

    fn fits(&self, payload: &Value) -> Result<(), String> {
        self.schemas.validate(payload, self.index).map_err(|error| error.to_string())
    }
}

/// Checks that the schema allows exactly these values for a field; `null` only if it is among them.
fn allows_exactly(definition: &Value, field: &str, values: &[Value]) {
    assert_eq!(definition["properties"][field]["enum"], Value::from(values), "{field}");
}

/// A lockout with every field set that a lockout can have, as a subscriber gets it.
fn lockout() -> Value {
    published(&serde_json::from_str(include_str!("data/lockout.json")).unwrap())
}

fn published(alert: &Alert) -> Value {
    serde_json::from_str(&alert.to_json()).unwrap()
}

/// The published names of these values.
fn names(values: &[impl Serialize]) -> Vec<Value> {
    values.iter().map(|value| serde_json::to_value(value).unwrap()).collect()
}

fn or_null(values: &[impl Serialize]) -> Vec<Value> {
    [names(values), vec![Value::Null]].concat()
}

/// Fields that are `null` where they are not known.
const OPTIONAL: [&str; 11] = [
    "cluster",
    "node",
    "account",
    "realm",
    "basis",
    "reason",
    "interface",
    "first_failure",
    "last_failure",
    "unlock_expected",
    "cleared_by",
];

#[test]
fn a_payload_fits_with_every_field_known_and_with_none() {
    let schema = Schema::new();
    assert_eq!(schema.fits(&lockout()), Ok(()));
    let mut bare = lockout();
    for field in OPTIONAL {
        bare[field] = Value::Null;
    }
    (bare["sources"], bare["evidence"]) = (json!([]), json!([]));
    // What we can read is what we can publish.
    let alert: Alert = serde_json::from_value(bare.clone()).unwrap();
    assert_eq!(published(&alert), bare);
    assert_eq!(schema.fits(&bare), Ok(()));
}

#[test]
fn the_longest_and_the_most_of_everything_fits() {
    let mut longest = lockout();
    let evidence = json!({ "family": "f".repeat(64), "channel": "nested", "at": "2026-01-15T08:21:05.090Z" });
    longest["id"] = json!("i".repeat(128));
    longest["account"] = json!("a".repeat(128));
    longest["summary"] = json!("s".repeat(256));
    longest["sources"] = json!(vec!["h".repeat(64); 4]);
    longest["evidence"] = json!(vec![evidence; 8]);
    for field in ["site", "cluster", "node", "interface"] {
        longest[field] = json!("l".repeat(64));
    }
    for field in ["revision", "failures", "window_s", "suppressed"] {
        longest[field] = json!(u32::MAX);
    }
    let alert: Alert = serde_json::from_value(longest.clone()).unwrap();
    assert_eq!(published(&alert), longest);
    assert_eq!(Schema::new().fits(&longest), Ok(()));
}

#[test]
fn every_name_that_can_be_published_is_allowed_and_no_other() {
    use Authenticated::{Community, None as Unproven, Tls, Usm};
    use LockReason::{Administrator, FailedLogons, Inactive, Platform};
    let Schema { text: alert, .. } = &Schema::new();
    allows_exactly(alert, "state", &names(State::ALL));
    allows_exactly(alert, "kind", &names(Kind::ALL));
    allows_exactly(alert, "severity", &names(Severity::ALL));
    allows_exactly(alert, "basis", &or_null(Basis::ALL));
    allows_exactly(alert, "cleared_by", &or_null(ClearedBy::ALL));
    let realms = [Realm::Cucm, Realm::Os, Realm::Unix, Realm::Mitel, Realm::Lockwarden];
    allows_exactly(alert, "realm", &or_null(&realms));
    allows_exactly(alert, "reason", &or_null(&[FailedLogons, Administrator, Inactive, Platform]));
    allows_exactly(alert, "credential", &names(&[Credential::Pin, Credential::Password, Credential::Unknown]));
    allows_exactly(alert, "authenticated_by", &names(&[Unproven, Community, Usm, Tls]));
    let channels = [Channel::Syslog, Channel::Trap, Channel::Nested];
    allows_exactly(&alert["properties"]["evidence"]["items"], "channel", &names(&channels));
}

#[test]
fn a_missing_or_further_field_or_one_of_another_shape_is_refused() {
    let schema = Schema::new();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut payload = lockout();
        change(&mut payload);
        assert!(schema.fits(&payload).is_err(), "{payload}");
    };
    let fields: Vec<String> = lockout().as_object().unwrap().keys().cloned().collect();
    for field in &fields {
        refused(&|payload| drop(payload.as_object_mut().unwrap().remove(field)));
        refused(&|payload| payload[field] = json!({ "other": "shape" }));
        if !OPTIONAL.contains(&field.as_str()) {
            refused(&|payload| payload[field] = Value::Null);
        }
    }
    refused(&|payload| payload["further"] = json!(1));
    refused(&|payload| payload["evidence"][0]["further"] = json!(1));
    refused(&|payload| payload["schema"] = json!("lockwarden.alert/2"));
    refused(&|payload| payload["revision"] = json!(0));
    refused(&|payload| payload["failures"] = json!(-1));
    refused(&|payload| payload["failures"] = json!(1.5));
    refused(&|payload| payload["raised_at"] = json!("2026-01-15 08:21:05"));
    refused(&|payload| payload["sources"] = json!(["", "192.0.2.15"]));
    refused(&|payload| payload["sources"] = json!(vec!["192.0.2.15"; 5]));
}
