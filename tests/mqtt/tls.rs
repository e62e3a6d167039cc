//! TLS with a CA and client certificates made here.

use std::path::Path;
use std::process::Command;

use lockwarden::shell::mqtt::options::{Options, Version};

use super::mosquitto::Mosquitto;
use super::rig::{BOTH, Rig, options};

fn openssl(directory: &Path, arguments: &str) {
    let made = Command::new("openssl").current_dir(directory).args(arguments.split(' ')).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A CA, and a certificate of it for each of broker and client.
fn certificates(directory: &Path) {
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(directory, &format!("{new} -x509 -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem"));
    for (name, extension) in [("broker", "subjectAltName=DNS:localhost\n"), ("client", "extendedKeyUsage=clientAuth\n")]
    {
        std::fs::write(directory.join("extension"), extension).unwrap();
        openssl(directory, &format!("{new} -subj /CN={name} -keyout {name}.key -out {name}.csr"));
        openssl(
            directory,
            &format!(
                "x509 -req -days 2 -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extension -out {name}.pem"
            ),
        );
    }
}

fn start(broker: &mut Mosquitto) {
    certificates(&broker.directory);
    let file = |name: &str| broker.directory.join(name).display().to_string();
    let lines = format!(
        "allow_anonymous true\ncafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true",
        file("ca.pem"),
        file("broker.pem"),
        file("broker.key")
    );
    broker.start(&lines);
}

fn tls_options(broker: &Mosquitto, version: Version) -> Options {
    let mut options = options(&format!("mqtts://localhost:{}", broker.port), version);
    options.tls.ca = Some(broker.directory.join("ca.pem"));
    options.tls.certificate = Some(broker.directory.join("client.pem"));
    options.tls.key = Some(broker.directory.join("client.key"));
    options
}

#[tokio::test]
async fn publishes_are_delivered_over_tls_with_a_client_certificate() {
    let mut broker = Mosquitto::new("tls");
    start(&mut broker);
    for version in BOTH {
        let mut rig = Rig::start(tls_options(&broker, version));
        for token in 0..300 {
            rig.publish(token, "lockwarden/test/alerts/lockout", &"x".repeat(700)).await;
            assert_eq!(rig.next_token().await, token);
        }
        rig.stop().await;
    }
}

#[tokio::test]
async fn tls_failures_are_named_with_what_to_do() {
    let mut broker = Mosquitto::new("tls-failures");
    start(&mut broker);
    let good = tls_options(&broker, Version::V5);
    let other = broker.directory.join("other");
    std::fs::create_dir_all(&other).unwrap();
    certificates(&other);

    let mut no_certificate = good.clone();
    (no_certificate.tls.certificate, no_certificate.tls.key) = (None, None);
    let mut wrong_ca = good.clone();
    wrong_ca.tls.ca = Some(other.join("ca.pem"));
    let mut wrong_name = good.clone();
    wrong_name.broker.host = String::from("127.0.0.1");
    let mut no_file = good.clone();
    no_file.tls.ca = Some(broker.directory.join("absent.pem"));
    let mut half = good.clone();
    half.tls.key = None;
    let mut plain = good.clone();
    plain.broker.tls = false;

    for (options, part) in [
        (no_certificate, "check `certificate` and `key`"),
        (wrong_ca, "set `ca`"),
        (wrong_name, "does not carry the name \"127.0.0.1\""),
        (no_file, "absent.pem"),
        (half, "needs both"),
        (plain, "mqtts://"),
    ] {
        let mut rig = Rig::start(options);
        rig.until_down(part).await;
        rig.task.abort();
    }
    let mut rig = Rig::start(good);
    rig.until_connected().await;
    rig.stop().await;
}

#[tokio::test]
async fn certificates_that_change_are_noticed_and_the_new_ones_are_used_without_a_restart() {
    let mut broker = Mosquitto::new("tls-change");
    start(&mut broker);
    let directory = broker.directory.clone();
    let ours = directory.join("ours");
    std::fs::create_dir_all(&ours).unwrap();
    let take_over = || {
        for name in ["ca.pem", "client.pem", "client.key"] {
            std::fs::copy(directory.join(name), ours.join(name)).unwrap();
        }
    };
    take_over();
    let mut options = tls_options(&broker, Version::V5);
    options.tls.ca = Some(ours.join("ca.pem"));
    options.tls.certificate = Some(ours.join("client.pem"));
    options.tls.key = Some(ours.join("client.key"));
    let mut rig = Rig::start(options);
    rig.until_connected().await;

    // The broker comes back with certificates of another authority: it may be another broker.
    broker.kill();
    start(&mut broker);
    rig.publish(1, "lockwarden/test/alerts/lockout", "x").await;
    rig.until_down("set `ca`").await;
    take_over();
    rig.until_connected().await;
    assert_eq!(rig.next_token().await, 1);
    rig.stop().await;
}
