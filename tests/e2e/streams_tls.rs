//! Syslog over TLS, with openssl as the client that a node's TLS would be: who is let in, who is not, and certificates that change.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

use super::broker::{Access, Subscriber};
use super::cucm::auth_fail;
use super::programs::{Lines, output, program, start, succeed, text};
use super::site::{Directory, Settings, Site, free_port, troubles};

/// A CA with the certificates that it gives out.
struct Ca {
    directory: Directory,
}

impl Ca {
    fn new() -> Self {
        let ca = Self { directory: Directory::new() };
        let (key, certificate) = (ca.file("ca.key"), ca.file("ca.pem"));
        ca.openssl(&["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"])
            .args(["-subj", "/CN=Example CA", "-keyout", &key, "-out", &certificate])
            .output()
            .unwrap();
        assert!(Path::new(&certificate).is_file());
        fs::write(ca.file("index.txt"), "").unwrap();
        let (database, new) = (ca.file("index.txt"), ca.directory.path().display());
        let conf = format!(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = {database}\nnew_certs_dir = {new}\nrand_serial = yes\ndefault_md = sha256\n\
             policy = any\nunique_subject = no\n[any]\ncommonName = supplied\n"
        );
        fs::write(ca.file("ca.conf"), conf).unwrap();
        ca
    }

    fn file(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn openssl(&self, arguments: &[&str]) -> Command {
        let mut command = program("openssl");
        command.args(arguments).stderr(Stdio::null());
        command
    }

    /// A certificate of this name for `box.example.test`, good between these times; its file and that of its key.
    fn issue(&self, name: &str, from: &str, until: &str) -> (PathBuf, PathBuf) {
        let at = |suffix: &str| self.file(&format!("{name}.{suffix}"));
        let mut request = self.openssl(&["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        succeed(request.args(["-subj", &format!("/CN={name}"), "-keyout", &at("key"), "-out", &at("csr")]));
        fs::write(at("ext"), "subjectAltName=DNS:box.example.test\n").unwrap();
        let mut sign =
            self.openssl(&["ca", "-batch", "-notext", "-config", &self.file("ca.conf"), "-extfile", &at("ext")]);
        sign.args(["-cert", &self.file("ca.pem"), "-keyfile", &self.file("ca.key"), "-startdate", from]);
        // A number is one of days from now on.
        sign.args([if until.ends_with('Z') { "-enddate" } else { "-days" }, until]);
        succeed(sign.args(["-in", &at("csr"), "-out", &at("pem")]));
        (at("pem").into(), at("key").into())
    }

    fn good(&self, name: &str) -> (PathBuf, PathBuf) {
        self.issue(name, "20260101000000Z", "20360101000000Z")
    }
}

/// A service with this certificate, and these further lines under `[syslog.tls]`.
fn site_with((certificate, key): &(PathBuf, PathBuf), more: &str) -> Site {
    let port = free_port();
    let settings = Settings {
        mqtt: format!(
            "[mqtt.embedded]\nlisten = \"127.0.0.1:{port}\"\n[syslog.tls]\nlisten = [\"127.0.0.1:0\"]\n\
             certificate = \"{}\"\nkey = \"{}\"\n{more}",
            certificate.display(),
            key.display()
        ),
        ..Settings::default()
    };
    let mut site = Site::configured(Access::anonymous(port), &settings);
    site.run();
    site
}

/// `openssl s_client`, which ends if the service's certificate is not good for it.
struct Client {
    child: Child,
    input: ChildStdin,
    said: Lines,
}

impl Client {
    fn to(at: SocketAddr, ca: &Ca, arguments: &[&str]) -> Self {
        let mut command = program("openssl");
        command.args(["s_client", "-connect", &at.to_string(), "-CAfile", &ca.file("ca.pem"), "-verify_return_error"]);
        command.args(["-verify_hostname", "box.example.test", "-nocommands"]).args(arguments);
        let mut child = start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let (input, said) = (child.stdin.take().unwrap(), Lines::of("openssl", child.stdout.take().unwrap()));
        Self { child, input, said }
    }

    fn agreed(mut self) -> Self {
        self.said.until(|line| line.starts_with("Verify return code: 0") || line.contains("Verification: OK"));
        self
    }

    fn send(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn ended(site: &Site, verdict: &str, wanted: u64) -> Value {
    site.health_when(|health| health["verdicts"][verdict] == wanted)
}

#[test]
fn lines_over_tls_1_2_and_1_3_make_a_lockout_and_a_service_by_another_name_is_not_trusted_by_its_client() {
    let ca = Ca::new();
    let site = site_with(&ca.good("box"), "");
    let mut reader = Subscriber::to(&site.access);
    let at = site.listens("syslog/tls", "127.");
    let counted = |n: u32| {
        let line = auth_fail("jdoe", n);
        format!("{} {line}", line.len())
    };
    let mut first = Client::to(at, &ca, &["-tls1_2"]).agreed();
    first.send(&counted(1));
    let mut second = Client::to(at, &ca, &["-tls1_3"]).agreed();
    second.send(&format!("{}{}", counted(9), counted(20)));
    let alert = reader.next("alerts/lockout").json();
    assert_eq!((&alert["account"], &alert["authenticated_by"]), (&"jdoe".into(), &"none".into()));

    let stranger = Ca::new();
    let other = stranger.file("ca.pem");
    for wrong in [&["-verify_hostname", "other.example.test"][..], &["-CAfile", &other], &["-tls1_1"]] {
        let mut client = Client::to(at, &ca, wrong);
        client.said.rest();
        assert!(!client.child.wait().unwrap().success(), "{wrong:?}");
    }
    // Each of them left before or during the handshake.
    ended(&site, "bad-handshake", 3);
}

#[test]
fn only_clients_with_a_good_certificate_of_our_ca_are_let_in_if_they_need_one() {
    let (ca, other) = (Ca::new(), Ca::new());
    let mut site = site_with(&ca.good("box"), &format!("client-ca = \"{}\"", ca.file("ca.pem")));
    let mut reader = Subscriber::to(&site.access);
    let at = site.listens("syslog/tls", "127.");
    let path = |path: &PathBuf| path.display().to_string();
    let expired = ca.issue("expired", "20200101000000Z", "20210101000000Z");
    let not_yet = ca.issue("early", "20500101000000Z", "20510101000000Z");
    let foreign = other.good("foreign");
    let bad = [Some(expired), Some(not_yet), Some(foreign), None];
    for (n, certificate) in (1..).zip(&bad) {
        let files = certificate.as_ref().map(|(certificate, key)| [path(certificate), path(key)]);
        let arguments = files.as_ref().map(|[c, k]| vec!["-cert", c, "-key", k]).unwrap_or_default();
        let mut client = Client::to(at, &ca, &arguments);
        let _refused = client.input.write_all(auth_fail("mallory", n).as_bytes()).is_err();
        ended(&site, "bad-certificate", n.into());
    }
    let shown = site.log_line(|line| line.contains("bad-certificate"));
    assert!(shown.contains("a valid client certificate of the CA in [syslog.tls] client-ca"), "{shown}");

    let (certificate, key) = ca.good("cucm-sub1");
    let mut client = Client::to(at, &ca, &["-cert", &path(&certificate), "-key", &path(&key)]).agreed();
    let lines: String = [1, 9, 20].iter().map(|&n| auth_fail("jdoe", n) + "\n").collect();
    client.send(&lines);
    let alert = reader.next("alerts/lockout").json();
    assert_eq!((&alert["account"], &alert["authenticated_by"]), (&"jdoe".into(), &"tls".into()));
    let health = site.settled(7);
    assert_eq!(health["verdicts"], serde_json::json!({ "bad-certificate": 4, "failure": 3 }));
}

#[test]
fn a_client_may_come_without_a_certificate_where_it_is_optional() {
    let ca = Ca::new();
    let more = format!("client-ca = \"{}\"\nclient-certificate = \"optional\"", ca.file("ca.pem"));
    let site = site_with(&ca.good("box"), &more);
    let mut client = Client::to(site.listens("syslog/tls", "127."), &ca, &[]).agreed();
    client.send(&(auth_fail("jdoe", 1) + "\n"));
    ended(&site, "failure", 1);
}

/// Which certificate the service shows.
fn shown(at: SocketAddr, ca: &Ca) -> String {
    let mut client = Client::to(at, ca, &[]);
    client.said.until(|line| line.starts_with("subject=")).pop().unwrap()
}

#[test]
fn certificates_that_change_are_used_on_sighup_wrong_ones_are_not_and_no_connection_is_lost() {
    let ca = Ca::new();
    let files = ca.good("box");
    let mut site = site_with(&files, "");
    let at = site.listens("syslog/tls", "127.");
    let mut client = Client::to(at, &ca, &[]).agreed();
    client.send(&(auth_fail("jdoe", 1) + "\n"));
    ended(&site, "failure", 1);

    let renewed = ca.good("renewed");
    fs::copy(&renewed.0, &files.0).unwrap();
    site.hang_up();
    let problem = site.log_line(|line| line.contains("does not fit"));
    assert!(problem.contains("the certificates that were read before stay in use"), "{problem}");
    let health = site.health_when(|health| !troubles(health).is_empty());
    assert!(troubles(&health)[0].contains("does not fit"), "{health:#}");
    assert!(shown(at, &ca).ends_with("box"));

    fs::copy(&renewed.1, &files.1).unwrap();
    site.hang_up();
    site.log_line(|line| line.contains("the certificates were read again"));
    assert!(shown(at, &ca).ends_with("renewed"));
    client.send(&(auth_fail("jdoe", 9) + "\n"));
    let health = ended(&site, "failure", 2);
    assert_eq!(troubles(&health), Vec::<String>::new());
}

#[test]
fn a_certificate_that_cannot_be_used_is_named_and_everything_else_works() {
    let ca = Ca::new();
    let (certificate, _) = ca.good("box");
    let missing = certificate.with_file_name("nothing.key");
    let site = site_with(&(certificate, missing.clone()), "");
    site.syslog(&auth_fail("jdoe", 1));
    let health = ended(&site, "failure", 1);
    let trouble = troubles(&health).join("\n");
    assert!(trouble.starts_with(&format!("syslog.tls.key: {}: ", missing.display())), "{trouble}");
    assert!(trouble.ends_with("; syslog over TLS is not listened on"), "{trouble}");
    let checked = output(&mut site.command("check"));
    assert_eq!(checked.status.code(), Some(2), "{}", text(&checked.stderr));
}

#[test]
fn our_own_certificate_that_has_expired_or_soon_will_is_told_of_until_it_is_renewed() {
    let ca = Ca::new();
    for (until, says) in [("20210101000000Z", "has expired at 2021-01-01T00:00:00.000Z;"), ("10", ", in 9 days;")] {
        let files = ca.issue("old", "20200101000000Z", until);
        let mut site = site_with(&files, "");
        let told = |health: &Value| troubles(health).iter().any(|trouble| trouble.contains(says));
        let health = site.health_when(told);
        let begins = format!("syslog.tls.certificate: {}: ", files.0.display());
        assert!(troubles(&health)[0].starts_with(&begins) && health["status"] == "degraded", "{health:#}");
        site.log_line(|line| line.contains(&begins) && line.contains(says));

        let renewed = ca.good("renewed");
        fs::copy(&renewed.0, &files.0).unwrap();
        fs::copy(&renewed.1, &files.1).unwrap();
        site.hang_up();
        site.health_when(|health| troubles(health).is_empty());
    }
}
