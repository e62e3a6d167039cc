//! Passwords and communities stay where they are: whatever is printed, logged, published, sent, kept or passed on says nothing of them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::broker::{Mosquitto, Subscriber};
use super::cucm::{Clog, about, inform, trap};
use super::programs::{deadline, output, succeed, text};
use super::relay::{nms, takes_our_user};
use super::site::{Directory, Settings, Site, lockwarden, troubles};
use super::trapd::Trapd;
use super::usm::{Failed, Node, User};

/// In each secret that the service is given, and nowhere else.
const MARK: &str = "xyzzy";
const OUR_ENGINE: &str = "0x80007ed904626f782d32";

/// A secret, of a service that uses every sort there is.
fn secret(name: &str) -> String {
    format!("{name}-{MARK}-secret")
}

/// A file of this mode with this secret; returns the line that names it.
fn kept(directory: &Path, key: &str, name: &str, mode: u32) -> String {
    let path = directory.join(name);
    fs::write(&path, secret(name) + "\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    format!("{key} = \"{}\"\n", path.display())
}

/// What is read at each place, so that a place that shows nothing at all is noticed.
struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    fn add(&mut self, place: &str, shown: impl Into<Vec<u8>>) {
        self.0.push((place.to_owned(), shown.into()));
    }

    fn add_files(&mut self, place: &str, directory: &Path) {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                self.add_files(place, &entry.path());
            } else if entry.file_type().unwrap().is_file() {
                self.add(&format!("{place} {}", entry.file_name().display()), fs::read(entry.path()).unwrap());
            }
        }
    }

    /// None of them has the mark, also not in the base64 or hexadecimal digits that a careless dump would make of it.
    fn assert_silent(&self) {
        let written = [MARK, "78797a7a79", "eHl6enk"];
        for (place, shown) in &self.0 {
            for form in written {
                let found = shown.windows(form.len()).any(|piece| piece.eq_ignore_ascii_case(form.as_bytes()));
                assert!(!found, "a secret in {place}:\n{}", String::from_utf8_lossy(shown));
            }
        }
    }
}

#[test]
fn no_secret_is_in_any_of_the_places_that_somebody_else_reads() {
    let mut broker = Mosquitto::with_users(&[("reader", "seen"), ("warden", &*secret("mqtt").leak())]);
    broker.start();
    let own = Directory::new();
    let script = own.path().join("respond.sh");
    let record = format!("#!/bin/sh\n(echo \"$@\"; env; cat /proc/$$/cmdline) > {}/response\n", own.path().display());
    fs::write(&script, record).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let engine =
        format!("createUser -e {OUR_ENGINE} nms-user SHA-512 {} AES-256 {}", secret("digest"), secret("cipher"));
    let mut by_v3 = Trapd::by_number(&(engine + "\nauthUser log nms-user priv"));
    let by_v2c = Trapd::by_number(&format!("authCommunity log {}", secret("nms")));
    // This one knows our user by another password, and says so.
    let wrong = Trapd::by_number(&takes_our_user("").replace("relay ", "nms-user "));
    let user = User {
        name: "cucm".into(),
        auth: Some(("sha256", secret("usm-auth"))),
        privacy: Some(("aes128", secret("usm-priv"))),
    };
    let users = format!(
        "user = \"nms-user\"\nauth = \"sha512\"\nauth-password = \"{}\"\npriv = \"aes256\"\n{}timeout-s = 1",
        secret("digest"),
        kept(own.path(), "priv-password-file", "cipher", 0o600)
    );
    let mqtt = format!("username = \"warden\"\n{}", kept(own.path(), "password-file", "mqtt", 0o640));
    let mut settings = Settings::publishing_to(&broker, &mqtt);
    settings.traps +=
        &format!("\nengine-id = \"{OUR_ENGINE}\"\ncommunities = [\"{}\"]\n{}", secret("cucm"), user.configuration());
    settings.mqtt += &format!(
        "[mqtt.embedded]\nusers = [{{ name = \"dashboard\", password = \"{}\" }}]\n[log]\nlevel = \"trace\"\n\
         [response]\nprogram = \"{}\"\nkinds = [\"lockout\"]\n{}{}{}{}",
        secret("embedded"),
        script.display(),
        nms(&by_v3.at, "v3", &format!("kind = \"trap\"\n{users}")),
        nms(&wrong.at, "v3", &format!("kind = \"inform\"\n{users}")),
        nms(&by_v2c.at, "v2c", &format!("kind = \"inform\"\n{}", kept(own.path(), "community-file", "nms", 0o600))),
        nms("127.0.0.1:9", "v2c", &format!("kind = \"inform\"\n{}", kept(own.path(), "community-file", "open", 0o644))),
    );
    let mut site = Site::configured(broker.access.clone(), &settings);
    site.run();
    let mut reader = Subscriber::to(&broker.access);
    let mut places = Places(Vec::new());

    // Everything that the secrets are for, and what is refused for want of the right one.
    let traps = site.listens("traps", "127.");
    let (asmith, community) = (about("asmith"), secret("cucm"));
    succeed(&mut Clog { community: &community, ..inform("authFail", &asmith, 100) }.to(traps));
    succeed(&mut trap("authFail", &asmith, 200).to(traps));
    let node = Node::new();
    succeed(&mut node.inform(&user, Failed { account: "bsmith", ticks: 2_000 }, traps));
    let other = User { auth: Some(("sha256", "another-password".into())), ..user };
    output(&mut node.trap((1, 9), &other, Failed { account: "bsmith", ticks: 3_000 }, traps));
    site.lock("jdoe");
    places.add("an alert", reader.next("alerts/lockout").payload);
    places.add("a notification", by_v3.shown().join("\n"));
    let health = site.health_when(|health| troubles(health).iter().any(|line| line.contains(&wrong.at)));
    let trouble = troubles(&health).join("\n");
    let open = own.path().join("open");
    let chmod = format!("is open to every user of this machine (mode 0644): chmod o= {}", open.display());
    assert!(trouble.contains(&chmod), "{trouble}");

    for command in ["health", "accounts", "alerts", "audit"] {
        places.add(command, output(&mut site.command(command)).stdout);
        places.add(&format!("{command} --json"), site.ask(command).0.to_string());
    }
    let process = Path::new("/proc").join(site.id().to_string());
    places.add("the arguments", fs::read(process.join("cmdline")).unwrap());
    places.add("the environment", fs::read(process.join("environ")).unwrap());
    let deadline = deadline();
    while !own.path().join("response").exists() {
        assert!(!deadline.is_over(), "no response");
    }
    places.add("the response program", fs::read(own.path().join("response")).unwrap());
    places.add(
        "retained over MQTT",
        Subscriber::to(&broker.access).rest().into_iter().map(|m| m.payload).collect::<String>(),
    );
    places.add("published over MQTT", reader.rest().into_iter().map(|m| m.topic + &m.payload).collect::<String>());
    places.add("standard output", site.printed());
    places.add("the log", site.stop().join("\n"));
    places.add_files("the store", &site.directory.path().join("store"));
    assert!(places.0.len() > 15, "{:?}", places.0.iter().map(|(place, _)| place).collect::<Vec<_>>());
    let empty: Vec<_> = places.0.iter().filter(|(_, shown)| shown.is_empty()).map(|(place, _)| place).collect();
    assert!(empty.is_empty(), "nothing to see in {empty:?}");
    places.assert_silent();
}

#[test]
fn a_secret_at_a_wrong_place_of_the_configuration_is_not_repeated() {
    let directory = Directory::new();
    let file = directory.path().join("broken.toml");
    let mut places = Places(Vec::new());
    for line in [
        "[traps]\ncommunities = \"xyzzy\"",
        "[traps]\ncommunities = [5, \"xyzzy\", \"\"]",
        "[traps]\ncommunity = \"xyzzy\"",
        "[[traps.user]]\nname = \"a\"\nauth = \"sha256\"\nauth-password = \"xyzzy\"",
        "[[traps.user]]\nname = \"a\"\nauth = \"sha256\"\nauth-password = [\"xyzzy-xyzzy\"]",
        "[[traps.user]]\nname = \"a\"\nauth-pasword = \"xyzzy-xyzzy\"",
        "[mqtt]\nbroker = \"mqtt://warden:xyzzy@broker.example.test\"",
        "[mqtt]\nbroker = \"mqtt://127.0.0.1\"\nusername = \"warden\"\npassword = xyzzy",
        "[mqtt]\nbroker = \"mqtt://127.0.0.1\"\npassword = \"xyzzy\"",
        "[mqtt]\nbroker = \"mqtt://127.0.0.1\"\nusername = \"warden\"\npassword = \"xyzzy\npassword-file = 5",
        "[mqtt.embedded]\nlisten = \"0.0.0.0:1883\"\nusers = { dashboard = \"xyzzy\" }",
        "[mqtt.embedded]\nusers = [\"xyzzy\"]",
        "[[nms]]\naddress = \"192.0.2.5\"\nversion = \"v3\"\ncommunity = \"xyzzy\"",
    ] {
        fs::write(&file, line).unwrap();
        let output = output(lockwarden().arg("check").arg(&file));
        assert_eq!(output.status.code(), Some(2), "{line}");
        places.add(line, text(&output.stdout) + &text(&output.stderr));
    }
    places.assert_silent();
}
