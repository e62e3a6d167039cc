//! SIGHUP: the configuration is read again. What can be changed without losing a datagram or a connection is changed; what needs a restart
//! is named; a file with a mistake changes nothing.

use tokio::sync::{oneshot, watch};

use super::receive::{PathHandle, Question};
use crate::catalogue::Catalogue;
use crate::config::{Admission, Config};
use crate::engine::Settings;
use crate::path::{Doors, Reading};

/// Reads the configuration and the catalogue that it names; or all problems, as `lockwarden check` lists them.
pub(crate) type Load<'a> = &'a dyn Fn() -> Result<(Config, Catalogue), Vec<String>>;

/// How the last reading ended, for health.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reloaded {
    /// Why what was read before is still in use.
    pub(crate) problems: Vec<String>,
    /// What has changed and needs a restart.
    pub(crate) restart: Vec<&'static str>,
}

/// What a reading can change.
pub(crate) struct Reload<'a> {
    /// In use.
    pub(crate) config: Config,
    pub(crate) load: Load<'a>,
    pub(crate) path: PathHandle,
    /// Who may connect to the syslog ports.
    pub(crate) admission: watch::Sender<Admission>,
    pub(crate) told: watch::Sender<Reloaded>,
}

impl Reload<'_> {
    /// Reads it again, and does what can be done.
    pub(crate) async fn again(&mut self) {
        let (config, catalogue) = match (self.load)() {
            Ok(loaded) => loaded,
            Err(problems) => {
                let kept = "configuration: not read again, what was read before stays in use";
                let problems = problems.into_iter().map(|problem| format!("{kept}: {problem}"));
                let problems: Vec<String> = problems.inspect(|problem| tracing::error!("{problem}")).collect();
                self.told.send_modify(|told| told.problems = problems);
                return;
            }
        };
        let restart = adopt(&mut self.config, config);
        let Config { settings, traps, syslog, .. } = &self.config;
        self.admission.send_replace(syslog.admission.clone());
        let doors = Doors { traps: Some(traps.admission.clone()), syslog: Some(syslog.admission.clone()) };
        let (reply, done) = oneshot::channel();
        let reading = Box::new(Reading { settings: settings.clone(), catalogue, doors });
        if self.path.send(Question::Reload(reading, reply)).await.is_ok() {
            let _ending = done.await.is_err();
        }
        tracing::info!("configuration: read again");
        if !restart.is_empty() {
            tracing::warn!("{}", needs_restart(&restart));
        }
        self.told.send_replace(Reloaded { problems: Vec::new(), restart });
    }
}

/// What health and the log say about it.
pub(crate) fn needs_restart(names: &[&str]) -> String {
    format!("configuration: changed, needs a restart: {}", names.join(", "))
}

/// Takes over into `used` what can change while we run; names the rest that differs.
fn adopt(used: &mut Config, new: Config) -> Vec<&'static str> {
    let Config {
        settings,
        node_zones,
        traps,
        syslog,
        store,
        audit,
        mitel,
        mqtt,
        nms,
        relay,
        response,
        catalogue_files,
        log_level,
    } = new;
    let mut restart = Vec::new();
    let mut note = |differs: bool, name| {
        if differs {
            restart.push(name)
        }
    };
    note(used.settings.site != settings.site, "site");
    note(used.settings.nodes != settings.nodes, "node");
    note(used.traps.listen != traps.listen, "traps.listen");
    note(used.traps.engine_id != traps.engine_id, "traps.engine-id");
    note(used.traps.users != traps.users, "traps.user");
    note(used.syslog.udp != syslog.udp, "syslog.udp");
    note(used.syslog.tcp != syslog.tcp, "syslog.tcp");
    note(used.syslog.tls != syslog.tls, "syslog.tls");
    note(used.syslog.limits != syslog.limits, "limits of syslog connections");
    note(used.store != store, "store");
    note(used.audit != audit, "audit");
    note(used.mitel != mitel, "mitel");
    note(used.mqtt != mqtt, "mqtt");
    note(used.nms != nms, "nms");
    note(used.relay != relay, "relay");
    note(used.response != response, "response");
    note(used.log_level != log_level, "log.level");
    // The identity of alerts and what is known of nodes hang on these two.
    let Settings { site, nodes, .. } = std::mem::take(&mut used.settings);
    used.settings = Settings { site, nodes, ..settings };
    used.traps.admission = traps.admission;
    used.syslog.admission = syslog.admission;
    (used.node_zones, used.catalogue_files) = (node_zones, catalogue_files);
    restart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse("lockwarden.toml", text).unwrap()
    }

    #[test]
    fn what_is_decided_by_and_who_may_send_change_and_the_rest_is_named_until_it_is_as_it_was() {
        let mut used = config("site = \"hq\"\n[traps]\nallow = [\"192.0.2.0/24\"]\ncommunities = [\"old\"]\n");
        let text = "site = \"hq\"\n[policy]\nfailed-logons = 5\n[traps]\nallow = [\"198.51.100.0/24\"]\ncommunities = [\"new\"]\n\
                    [syslog]\nallow = [\"192.0.2.0/24\"]\n[detect]\nquiet-s = 60\n";
        let new = config(text);
        assert_eq!(adopt(&mut used, new.clone()), <[&str; 0]>::default());
        assert_eq!(used, new);
        let other = text.replace("\"hq\"", "\"lab\"")
            + "[store]\nmax-mb = 32\n[[node]]\nname = \"cucm-pub\"\n[log]\nlevel = \"debug\"\n";
        assert_eq!(adopt(&mut used, config(&other)), ["site", "node", "store", "log.level"]);
        assert_eq!(used, new);
        assert_eq!(adopt(&mut used, config(text)), <[&str; 0]>::default());
        assert_eq!(needs_restart(&["site", "node"]), "configuration: changed, needs a restart: site, node");
    }
}
