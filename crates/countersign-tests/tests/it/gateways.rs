//! Real gateways in front of the reference server, by the configurations in `fixtures/gateways/`.

mod over_http2;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use countersign_axum::audit::EventKind;
use countersign_axum::{Code, Dialect, Element, Unbelieved};
use countersign_identity::Thumbprint;
use countersign_pki::{Authority, Issued};
use countersign_tests::{BILLING, NEWCOMER, REPORTS};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::forged::{forgeries, never_the_victim};
use crate::forwarded::{Fronted, HEADER, POLICY, dialects, header, member};
use crate::raw::{Answer, Raw};
use crate::running::{Running, free_port, is_here};

/// What runs, and how it is configured.
struct Kind {
    name: &'static str,
    file: &'static str,
    /// By which argument it tells its version.
    version: &'static str,
    config: String,
    command: fn(&Path) -> Command,
    dialect: Dialect,
}

fn nginx() -> Kind {
    Kind {
        name: "nginx",
        file: "nginx.conf",
        version: "-v",
        config: include_str!("../../../../fixtures/gateways/nginx.conf").to_owned(),
        command: |folder| {
            let mut command = Command::new("nginx");
            let log = "error_log error.log; daemon off; master_process off; pid nginx.pid;";
            command.args(["-c", "nginx.conf", "-e", "error.log", "-g", log]);
            command.arg("-p").arg(folder);
            command
        },
        dialect: Dialect::EscapedPem(header(HEADER)),
    }
}

fn haproxy() -> Kind {
    Kind {
        name: "haproxy",
        file: "haproxy.cfg",
        version: "-v",
        config: include_str!("../../../../fixtures/gateways/haproxy.cfg").to_owned(),
        command: |_| {
            let mut command = Command::new("haproxy");
            command.args(["-db", "-f", "haproxy.cfg"]);
            command
        },
        dialect: Dialect::EncodedDer(header(HEADER)),
    }
}

fn envoy() -> Kind {
    Kind {
        name: "envoy",
        file: "envoy.yaml",
        version: "--version",
        config: include_str!("../../../../fixtures/gateways/envoy.yaml").to_owned(),
        command: |_| {
            let envoy = env::var("COUNTERSIGN_ENVOY").unwrap_or_else(|_| "envoy".to_owned());
            let mut command = Command::new(envoy);
            command.args(["-c", "envoy.yaml", "--log-level", "error"]);
            command.args(["--use-dynamic-base-id", "--concurrency", "1"]);
            command
        },
        dialect: Dialect::Xfcc(Element::Only),
    }
}

fn caddy() -> Kind {
    Kind {
        name: "caddy",
        file: "Caddyfile",
        version: "version",
        config: include_str!("../../../../fixtures/gateways/Caddyfile").to_owned(),
        command: |folder| {
            let mut command = Command::new("caddy");
            command.args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"]);
            command.env("HOME", folder).env("XDG_DATA_HOME", folder);
            command
        },
        dialect: Dialect::ClientCert,
    }
}

/// A gateway that runs until the test ends.
struct Gateway {
    running: Running,
    fronted: Fronted,
    // Kept: it runs in there.
    _folder: TempDir,
}

impl Gateway {
    /// None, where it is not on this machine.
    async fn start(kind: &Kind) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let command = &mut (kind.command)(folder.path());
        let probe = &mut Command::new(command.get_program());
        is_here(kind.name, probe.arg(kind.version)).then_some(())?;
        let now = Timestamp::now();
        let fronted = Fronted::at(now, kind.dialect.clone(), Unbelieved::Strip).await;
        let port = free_port();
        write(folder.path(), &fronted, now);
        // The one port may have the digits of the other in it.
        let config = kind.config.replace("10443", "{here}");
        let config = config.replace("8443", &fronted.world.port().to_string());
        let config = config.replace("{here}", &port.to_string());
        fs::write(folder.path().join(kind.file), config).unwrap();
        Some(Self {
            running: Running::start(command, folder.path(), port),
            fronted,
            _folder: folder,
        })
    }

    async fn connect(&self, issued: Option<&Issued>) -> io::Result<Raw> {
        let (root, now) = (&self.fronted.world.root, Timestamp::now());
        Raw::connect(self.running.port, root, issued, now).await
    }

    async fn get(&self, issued: Option<&Issued>, path: &str, lines: &[u8]) -> Option<Answer> {
        let raw = self.connect(issued).await;
        raw.ok()?.get(path, lines).await.ok()
    }
}

/// What the configurations name.
fn write(folder: &Path, fronted: &Fronted, now: Timestamp) {
    let world = &fronted.world;
    let server = world.issuing.server(now).dns("localhost").issue().unwrap();
    let edge = &fronted.edge;
    let put = |name: &str, text: String| fs::write(folder.join(name), text).unwrap();
    for (name, issued) in [("server", &server), ("edge", edge)] {
        let (chain, key) = (issued.chain_pem(), issued.key_pem().to_string());
        put(&format!("{name}-both.pem"), format!("{chain}{key}"));
        put(&format!("{name}.pem"), chain);
        put(&format!("{name}-key.pem"), key);
    }
    put("clients.pem", world.root.certificate_pem());
    put("servers.pem", world.root.certificate_pem());
}

async fn decides_through(kind: Kind) {
    let Some(mut gateway) = Gateway::start(&kind).await else {
        return;
    };
    let name = kind.name;
    let now = Timestamp::now();
    let fronted = &gateway.fronted;
    let (billing, reports) = (fronted.client(BILLING), fronted.client(REPORTS));
    let answer = gateway.get(Some(&reports), "/whoami", b"").await.unwrap();
    assert_eq!(answer.status, 200, "{name}: {answer:?}");
    assert_eq!(member(&answer, "principal"), "reports", "{name}");
    assert_eq!(member(&answer, "via"), "edge", "{name}");

    let mut raw = gateway.connect(Some(&reports)).await.unwrap();
    let answer = raw.post("/v1/transactions", "{}").await.unwrap();
    assert_eq!(
        (answer.status, member(&answer, "code")),
        (403, "permission-missing".to_owned())
    );

    let newcomer = fronted.client(NEWCOMER);
    fronted.put(
        kind.dialect,
        Unbelieved::Strip,
        POLICY,
        &["clients"],
        &[&billing],
    );
    for (issued, code) in [
        (&billing, Code::CertificateRevoked),
        (&newcomer, Code::PrincipalUnknown),
    ] {
        let answer = gateway.get(Some(issued), "/whoami", b"").await.unwrap();
        let expected = (code.status(), code.to_string());
        assert_eq!((answer.status, member(&answer, "code")), expected, "{name}");
    }
    // Strangers come no further than the gateway.
    let stranger = Authority::root("World Root", now).unwrap();
    let stranger = stranger.client(now).uri(BILLING).issue().unwrap();
    for issued in [None, Some(&stranger)] {
        let answer = gateway.get(issued, "/whoami", b"").await;
        assert!(answer.is_none_or(|answer| answer.status == 400), "{name}");
    }
    // The four before, and nobody else.
    let last = gateway.get(Some(&reports), "/whoami", b"").await.unwrap();
    assert_eq!(last.status, 200, "{name}");
    let mut asked = Vec::new();
    while asked.len() < 5 {
        let event = gateway.fronted.world.event().await.unwrap();
        if event.kind == EventKind::Request {
            asked.push(event.certificate().unwrap().thumbprint());
        }
    }
    let expected = [&reports, &reports, &billing, &newcomer, &reports];
    let expected = expected.map(|issued| Thumbprint::of(issued.certificate_der()));
    assert_eq!(asked, expected, "{name}");
}

async fn forgery_fails_through(kind: Kind) {
    let Some(mut gateway) = Gateway::start(&kind).await else {
        return;
    };
    let fronted = &gateway.fronted;
    let (billing, reports) = (fronted.client(BILLING), fronted.client(REPORTS));
    let (mut rows, mut answered) = (0, 0);
    let mut outcomes: BTreeMap<&str, BTreeMap<u16, usize>> = BTreeMap::new();
    for dialect in dialects() {
        for (form, lines) in forgeries(&dialect, &billing, &reports) {
            let case = format!("{}: {dialect:?}, {form}", kind.name);
            rows += 1;
            // Some forms a gateway answers by closing the connection: 0 in the table that is printed.
            let answer = gateway.get(Some(&reports), "/whoami", &lines).await;
            let status = answer.as_ref().map_or(0, |answer| answer.status);
            *outcomes.entry(form).or_default().entry(status).or_default() += 1;
            answered += usize::from(status == 200);
            if let Some(answer) = answer {
                never_the_victim(&answer, &case);
            }
        }
    }
    nobody_else_was_seen(&mut gateway);
    for (form, statuses) in outcomes {
        println!("{} | {form} | {statuses:?}", kind.name);
    }
    println!(
        "{}: {rows} forgeries, {answered} answered as who asked",
        kind.name
    );
    assert!(
        rows == 90 && answered >= 30,
        "{}: {answered} of {rows}",
        kind.name
    );
}

/// Nor did the server take anybody for the victim and then something failed.
fn nobody_else_was_seen(gateway: &mut Gateway) {
    for event in gateway.fronted.world.further_events() {
        assert!(
            event
                .principal()
                .is_none_or(|name| name.as_str() == "reports")
        );
    }
}

macro_rules! through {
    ($($module:ident),+) => {$(
        mod $module {
            #[tokio::test]
            async fn each_client_is_itself_and_the_refused_are_refused() {
                super::decides_through(super::$module()).await;
            }

            #[tokio::test]
            async fn nobody_becomes_another_by_what_he_sends() {
                super::forgery_fails_through(super::$module()).await;
            }

            #[tokio::test]
            async fn nor_over_http_2() {
                super::over_http2::forgery_fails_through(super::$module()).await;
            }
        }
    )+};
}

through!(caddy, envoy, haproxy, nginx);
