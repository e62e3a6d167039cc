//! A private mosquitto, and mosquitto_sub as the reader that a site would have.

use std::collections::VecDeque;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::programs::{Deadline, Lines, deadline, ended, program, start, succeed, terminate};
use super::site::{Directory, free_port};

/// How a client gets to a broker.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) port: u16,
    /// As mosquitto's clients call it.
    pub(crate) version: &'static str,
    pub(crate) user: Option<(&'static str, &'static str)>,
}

impl Access {
    pub(crate) const fn anonymous(port: u16) -> Self {
        Self { port, version: "5", user: None }
    }

    /// A client program for this broker, which writes its lines when it has them.
    fn client(&self, name: &str) -> Command {
        let mut command = program("stdbuf");
        command.arg("-oL").arg(program(name).get_program());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-V", self.version, "-q", "1"]);
        if let Some((name, password)) = self.user {
            command.args(["-u", name, "-P", password]);
        }
        command
    }

    /// Publishes one message.
    pub(crate) fn publish(&self, topic: &str, payload: &str) {
        succeed(self.client("mosquitto_pub").args(["-t", topic, "-m", payload]));
    }
}

/// A mosquitto that keeps what it has over a restart.
pub(crate) struct Mosquitto {
    pub(crate) access: Access,
    directory: Directory,
    running: Option<(Child, Lines)>,
}

impl Mosquitto {
    /// Lets anybody in; not started yet.
    pub(crate) fn open() -> Self {
        let broker = Self { access: Access::anonymous(free_port()), directory: Directory::new(), running: None };
        broker.configure("allow_anonymous true");
        broker
    }

    /// Asks for passwords; not started yet.
    pub(crate) fn with_users(users: &[(&'static str, &'static str)]) -> Self {
        let access = Access { user: users.first().copied(), ..Access::anonymous(free_port()) };
        let broker = Self { access, directory: Directory::new(), running: None };
        broker.set_users(users);
        let file = broker.directory.path().join("passwords");
        broker.configure(&format!("allow_anonymous false\npassword_file {}", file.display()));
        broker
    }

    /// Replaces its passwords; it reads them when it is started.
    pub(crate) fn set_users(&self, users: &[(&str, &str)]) {
        let file = self.directory.path().join("passwords");
        let plain: String = users.iter().map(|(name, password)| format!("{name}:{password}\n")).collect();
        fs::write(&file, plain).unwrap();
        succeed(program("mosquitto_passwd").arg("-U").arg(&file));
    }

    fn configure(&self, lines: &str) {
        let path = self.directory.path();
        let text = format!(
            "listener {} 127.0.0.1\nuser root\nlog_dest stderr\nlog_type all\npersistence true\n\
             persistence_location {}/\n{lines}\n",
            self.access.port,
            path.display()
        );
        fs::write(path.join("mosquitto.conf"), text).unwrap();
    }

    pub(crate) fn start(&mut self) {
        let file = self.directory.path().join("mosquitto.conf");
        let mut child = start(program("mosquitto").arg("-c").arg(&file).stderr(Stdio::piped()));
        let mut lines = Lines::of("mosquitto", child.stderr.take().unwrap());
        lines.until(|line| line.ends_with("running"));
        self.running = Some((child, lines));
    }

    /// SIGTERM: it writes down what it has for readers that are away.
    pub(crate) fn stop(&mut self) {
        let (mut child, mut lines) = self.running.take().unwrap();
        terminate(&child);
        assert!(ended(&mut child, &mut lines).success());
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// A message as a subscriber got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) retained: bool,
    pub(crate) topic: String,
    pub(crate) payload: String,
}

impl Message {
    fn parse(line: &str) -> Option<Self> {
        let mut parts = line.strip_prefix("got ")?.splitn(3, ' ');
        let (retained, topic) = (parts.next()? == "1", parts.next()?.to_owned());
        Some(Self { retained, topic, payload: parts.next().unwrap_or_default().to_owned() })
    }

    /// The payload, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_else(|error| panic!("{error}: {}", self.payload))
    }
}

/// A `mosquitto_sub` for everything about the site.
pub(crate) struct Subscriber {
    access: Access,
    child: Child,
    lines: Lines,
    waiting: VecDeque<Message>,
}

/// Everything that a site publishes.
const ALL: &str = "lockwarden/hq/#";
/// Where a test writes down that it has seen enough.
const MARK: &str = "lockwarden/hq/mark";

impl Subscriber {
    /// Subscribed, once this returns.
    pub(crate) fn to(access: &Access) -> Self {
        Self::with(access, &[])
    }

    /// One for which the broker keeps what comes while it is away, also over its own restart.
    pub(crate) fn lasting(access: &Access) -> Self {
        Self::with(access, &["--disable-clean-session", "--id", "reader"])
    }

    fn with(access: &Access, arguments: &[&str]) -> Self {
        let mut command = access.client("mosquitto_sub");
        command.args(["-d", "-F", "got %r %t %p", "-t", ALL]).args(arguments);
        // It says why there is no connection on standard error, again and again while a broker is down.
        let mut child = start(command.stdout(Stdio::piped()).stderr(Stdio::null()));
        let lines = Lines::of("mosquitto_sub", child.stdout.take().unwrap());
        let mut subscriber = Self { access: access.clone(), child, lines, waiting: VecDeque::new() };
        let before = subscriber.lines.until(|line| line.contains("received SUBACK"));
        subscriber.waiting.extend(before.iter().filter_map(|line| Message::parse(line)));
        subscriber
    }

    fn receive(&mut self, deadline: Deadline) -> Message {
        loop {
            let line = self.lines.next(deadline).expect("mosquitto_sub goes on");
            if let Some(message) = Message::parse(&line) {
                return message;
            }
        }
    }

    /// The next message of a topic that begins with this, after the site's base.
    pub(crate) fn next(&mut self, topic: &str) -> Message {
        self.next_until(topic, deadline())
    }

    fn next_until(&mut self, topic: &str, deadline: Deadline) -> Message {
        let wanted =
            |message: &Message| message.topic.strip_prefix("lockwarden/hq/").is_some_and(|t| t.starts_with(topic));
        if let Some(place) = self.waiting.iter().position(wanted) {
            return self.waiting.remove(place).unwrap();
        }
        loop {
            let message = self.receive(deadline);
            if wanted(&message) {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    /// The next alert.
    pub(crate) fn alert(&mut self) -> Value {
        self.alert_until(deadline())
    }

    /// The next alert, if a minute must pass before it.
    pub(crate) fn alert_after_a_minute(&mut self) -> Value {
        self.alert_until(deadline().later(Duration::from_secs(60)))
    }

    fn alert_until(&mut self, deadline: Deadline) -> Value {
        let message = self.next_until("alerts/", deadline);
        assert!(!message.retained, "{message:?}");
        let alert: Value = serde_json::from_str(&message.payload).unwrap();
        assert_eq!(message.topic, format!("lockwarden/hq/alerts/{}", alert["kind"].as_str().unwrap()));
        alert
    }

    /// Everything that has come and was not asked for, up to now.
    pub(crate) fn rest(&mut self) -> Vec<Message> {
        self.access.publish(MARK, "");
        let deadline = deadline();
        loop {
            let message = self.receive(deadline);
            if message.topic == MARK {
                return self.waiting.drain(..).collect();
            }
            self.waiting.push_back(message);
        }
    }

    /// The alerts among the rest.
    pub(crate) fn rest_of_alerts(&mut self) -> Vec<Message> {
        self.rest().into_iter().filter(|message| message.topic.starts_with("lockwarden/hq/alerts/")).collect()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What an alert says, as far as a test is about it.
pub(crate) fn brief(alert: &Value) -> String {
    let fields = ["state", "kind", "account", "revision", "basis", "failures", "cleared_by"];
    let shown = fields.map(|name| alert[name].as_str().map_or_else(|| alert[name].to_string(), str::to_owned));
    shown.join(" ")
}
