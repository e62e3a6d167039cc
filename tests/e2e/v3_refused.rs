//! SNMPv3 that must not be believed: not counted, each for its own reason with its own remedy, and one alert about all of it.

use serde_json::{Value, json};

use super::broker::Subscriber;
use super::cucm::{Clog, about, trap};
use super::nms::receiver_of;
use super::programs::succeed;
use super::relay::TAKES_OURS;
use super::site::Site;
use super::trapd::Trapd;
use super::usm::{ENGINE, Failed, Node, User};

const STRANGE_ENGINE: &str = "0x80001f88046d616c";
const BOOTS_AT_MAXIMUM: u32 = 0x7fff_ffff;

/// The refused, each with its count and the remedy.
fn refused(health: &Value) -> Value {
    let all = health["refused"].as_array().unwrap().iter();
    let rows = all.map(|one| (one["why"].as_str().unwrap().to_owned(), json!([one["count"], one["remedy"]])));
    Value::Object(rows.collect())
}

/// A user like this one in all but what is changed.
fn changed(user: &User, change: impl FnOnce(&mut User)) -> User {
    let mut user = user.clone();
    change(&mut user);
    user
}

#[test]
fn each_reason_is_counted_by_itself_and_there_is_one_alert_about_all() {
    let mut trapd = Trapd::by_name(TAKES_OURS);
    let user = User::usual();
    let mut site = Site::start_with(|settings| {
        settings.traps += "\ncommunities = [\"example-community\"]\n";
        settings.traps += &user.configuration();
        settings.traps += &format!("engine-id = \"{ENGINE}\"\n");
        settings.mqtt += &receiver_of(&trapd.at);
    });
    let mut reader = Subscriber::to(&site.access);
    let (node, to) = (Node::new(), site.listens("traps", "127."));
    let (boots, time) = (5, 10_000);
    let honest = |ticks| node.trap((boots, time), &user, Failed { account: "jdoe", ticks }, to);
    succeed(&mut honest(100));
    assert_eq!(site.settled(1)["verdicts"], json!({ "failure": 1 }));
    assert_eq!(reader.rest_of_alerts(), []);

    let sent_by = |engine, clock, user: &User| {
        succeed(&mut node.trap_of(engine, clock, user, Failed { account: "jdoe", ticks: 9_000 }, to));
    };
    let as_if = |change: fn(&mut User)| sent_by(ENGINE, (boots, time), &changed(&user, change));
    as_if(|user| user.auth.as_mut().unwrap().1 = "not-the-password".into());
    as_if(|user| user.privacy.as_mut().unwrap().1 = "not-the-password".into());
    as_if(|user| user.auth.as_mut().unwrap().0 = "sha512");
    as_if(|user| user.name = "mallory".into());
    as_if(|user| (user.auth, user.privacy) = (None, None));
    as_if(|user| user.privacy = None);
    sent_by(STRANGE_ENGINE, (boots, time), &user);
    sent_by(ENGINE, (boots, time - 600), &user);
    sent_by(ENGINE, (boots - 1, time + 900), &user);
    sent_by(ENGINE, (BOOTS_AT_MAXIMUM, time), &user);
    let text = about("jdoe");
    succeed(&mut Clog { community: "public", ..trap("authFail", &text, 9_000) }.to(to));

    let health = site.settled(12);
    let counts = json!({
        "boots-at-maximum": 1, "boots-went-back": 1, "decryption-error": 1, "failure": 1, "not-in-time-window": 1,
        "unknown-engine": 1, "unknown-user": 1, "unsupported-security-level": 2, "wrong-community": 1,
        "wrong-digest": 1, "wrong-digest-length": 1,
    });
    assert_eq!(health["verdicts"], counts);
    let new_user = "[[traps.user]] with the name, algorithms and passwords that the sender is set to";
    let reasons = json!({
        "wrong-digest": [1, "[[traps.user]] auth and auth-password, as the sender is set to"],
        "decryption-error": [1, "[[traps.user]] priv and priv-password, as the sender is set to; of aes192 and aes192c, and of \
                                 aes256 and aes256c, try the other"],
        "wrong-digest-length": [1, "[[traps.user]] auth, as the sender is set to"],
        "unknown-user": [1, new_user],
        "unsupported-security-level": [2, "[[traps.user]] level, as the sender is set to"],
        "unknown-engine": [1, "[[traps.user]] engine-id: add the sender's, or leave the key out; for an inform, enter our engine \
                               id at the sender"],
        "not-in-time-window": [1, "at the sender: its messages are more than 150 s late, or played back; if its clock stood \
                                   still, restart its SNMP agent"],
        "boots-went-back": [1, "at the sender: its engine boots went back, or old messages are played back; give a \
                                reinstalled sender a new engine id"],
        "boots-at-maximum": [1, "at the sender: give it a new engine id"],
        "wrong-community": [1, "[traps] communities = [\"<the community it sends>\"]"],
    });
    assert_eq!(refused(&health), reasons);
    let line = site.log_line(|line| line.contains("boots-at-maximum"));
    assert!(
        line.ends_with("from 127.0.0.1: boots-at-maximum; what to do: at the sender: give it a new engine id"),
        "{line}"
    );

    let alert = reader.alert();
    let fields = ["kind", "state", "account", "failures", "authenticated_by"].map(|name| alert[name].clone());
    assert_eq!(json!(fields), json!(["unknown-engine", "raised", null, 1, "none"]));
    let summary = "SNMPv3 messages from 127.0.0.1 are refused: wrong authentication password or algorithm of user \"sha256-aes128\"";
    assert_eq!(alert["summary"], summary);
    assert_eq!(reader.rest_of_alerts(), []);
    let told = trapd.shown().join("|");
    for field in ["AlertState.0 = INTEGER: raised(1)", "AlertKind.0 = INTEGER: unknownEngine(9)"] {
        assert!(told.contains(&format!("LOCKWARDEN-MIB::lockwarden{field}")), "{field} in {told}");
    }
    assert_eq!(health["sinks"][1]["backlog"], 0);

    // Nothing of it has moved the clock that the sender is known to have.
    succeed(&mut node.trap((boots, time + 1), &user, Failed { account: "jdoe", ticks: 2_000 }, to));
    assert_eq!(site.settled(13)["verdicts"]["failure"], 2);
    assert_eq!(site.account("jdoe")["failures_total"], 2);
    let more = trapd.rest();
    assert!(!more.iter().any(|line| line.contains("lockwardenAlertState.0")), "{more:#?}");
}
