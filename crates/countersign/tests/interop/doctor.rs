//! `countersign doctor` against servers of five makes, each wrong in one way: the first line names the
//! fault, the second says what to do.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_pki::{Authority, Issued, Request, RevocationReason, Usage};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::fronts::Front;
use crate::running::Running;
use crate::support::{Dev, stdout};

/// The CAs of server and clients, and a folder for the files of both.
struct Bench {
    folder: TempDir,
    servers: Authority,
    clients: Authority,
}

impl Bench {
    fn new() -> Self {
        let (from, until) = (days(-100), days(100));
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            servers: Authority::root_valid("Servers", from, until).unwrap(),
            clients: Authority::root_valid("Clients", from, until).unwrap(),
        };
        bench.write("ca.pem", bench.servers.certificate_pem());
        bench.write("clients.pem", bench.clients.certificate_pem());
        bench.serve_as(|server| server.dns("localhost"));
        bench.present(&bench.client(|client| client));
        bench
    }

    fn client(&self, shape: impl FnOnce(Request<'_>) -> Request<'_>) -> Issued {
        let client = self.clients.client(Timestamp::now()).common_name("billing");
        shape(client).issue().unwrap()
    }

    fn serve_as(&self, shape: impl FnOnce(Request<'_>) -> Request<'_>) {
        let server = shape(self.servers.server(Timestamp::now()))
            .issue()
            .unwrap();
        self.write("server.pem", server.chain_pem());
        self.write("server-key.pem", server.key_pem());
    }

    fn present(&self, client: &Issued) {
        self.write("client.pem", client.chain_pem() + &client.key_pem());
    }

    fn write(&self, name: &str, text: String) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The server is running, our files are presented, and these are the first lines of the answer.
    fn check(&self, server: Option<Running>, wanted: [&str; 2]) {
        let options = ["--cacert", "ca.pem", "--cert", "client.pem"];
        self.check_with(server, &options, wanted);
    }

    fn check_with(&self, server: Option<Running>, options: &[&str], wanted: [&str; 2]) {
        let Some(server) = server else {
            return;
        };
        let url = format!("https://localhost:{}/", server.port);
        assert_eq!(doctor(self.path(), &url, options), wanted);
    }
}

fn days(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

/// The first two lines, with `PORT` and `TIME` for what differs each time. It exits with 1.
fn doctor(folder: &Path, url: &str, options: &[&str]) -> [String; 2] {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    let command = command.current_dir(folder).args(["doctor", url]);
    let output = command.args(options).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = stdout(&output);
    let mut lines = text.lines().map(settled);
    [lines.next().unwrap(), lines.next().unwrap()]
}

fn settled(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let bare = word.trim_end_matches([')', ';', ',']);
        let rest = word.strip_prefix(bare).unwrap();
        if bare.parse::<Timestamp>().is_ok() {
            return format!("TIME{rest}");
        }
        match word.rsplit_once(':') {
            Some((start, port)) if start.contains("//") && port.parse::<u16>().is_ok() => {
                format!("{start}:PORT")
            }
            _ => word.to_owned(),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_reference_server_and_a_certificate_of_a_strange_ca() {
    let dev = Dev::start();
    let url = format!("https://localhost:{}/whoami", dev.port());
    assert_eq!(
        doctor(dev.folder(), &url, &["--as", "mallory"]),
        [
            "the server at https://localhost:PORT refused the client certificate \
             `spiffe://dev.countersign.example/billing`: it is issued under `CN=Countersign Dev Stranger TEST ONLY` \
             (alert unknown_ca; valid until TIME; the server accepts `CN=Countersign Dev Root TEST ONLY`)",
            "next: the leaf was sent alone: if its issuer is an intermediate of a CA that the server accepts, add the \
             intermediate to the chain; else use a certificate of such a CA",
        ]
    );
}

#[test]
fn the_reference_server_by_a_name_that_its_certificate_does_not_have() {
    let dev = Dev::start();
    let address = format!("127.0.0.1:{}", dev.port());
    let options = ["--as", "billing", "--connect-to", &address];
    assert_eq!(
        doctor(dev.folder(), "https://api.example/", &options),
        [
            "the server at https://api.example is not trusted: its certificate is not for `api.example` but for \
             `dns:localhost`, `ip:127.0.0.1`, `ip:::1`",
            "next: call the server by a name in its certificate",
        ]
    );
}

#[test]
fn the_reference_server_and_a_caller_that_it_does_not_know() {
    let dev = Dev::start();
    let url = format!("https://localhost:{}/whoami", dev.port());
    assert_eq!(
        doctor(dev.folder(), &url, &["--as", "newcomer"]),
        [
            "the server at https://localhost:PORT denied the request: principal-unknown: no principal has the identity \
             `clients: spiffe://dev.countersign.example/newcomer`",
            "next: the certificate is accepted: ask the operator of the server for access",
        ]
    );
}

#[test]
fn nginx_and_no_certificate() {
    let bench = Bench::new();
    let server = Front::default().nginx(bench.path());
    bench.check_with(
        server,
        &["--cacert", "ca.pem"],
        [
            "the server at https://localhost:PORT refused the client certificate: it requires one, and none was presented \
             (400 Bad Request; the server accepts `CN=Clients`)",
            "next: give the client a credential",
        ],
    );
}

#[test]
fn nginx_and_a_certificate_that_has_expired() {
    let bench = Bench::new();
    bench.present(&bench.client(|client| client.validity(days(-9), days(-2))));
    bench.check(
        Front::default().nginx(bench.path()),
        [
            "the server at https://localhost:PORT refused the client certificate `CN=billing`: it expired at TIME (400 Bad \
             Request; the server accepts `CN=Clients`)",
            "next: renew the certificate",
        ],
    );
}

#[test]
fn nginx_with_a_certificate_that_has_expired_itself() {
    let bench = Bench::new();
    bench.serve_as(|server| server.dns("localhost").validity(days(-9), days(-2)));
    bench.check(
        Front::default().nginx(bench.path()),
        [
            "the server at https://localhost:PORT is not trusted: its certificate expired at TIME",
            "next: the operator must renew it, or this machine's clock is wrong",
        ],
    );
}

#[test]
fn haproxy_and_a_certificate_that_is_revoked() {
    let bench = Bench::new();
    let client = bench.client(|client| client);
    let list = bench.clients.crl(Timestamp::now());
    let list = list.revoke(
        &client.serial(),
        RevocationReason::KeyCompromise,
        Timestamp::now(),
    );
    bench.write("clients.crl", list.issue().unwrap().pem());
    bench.present(&client);
    let front = Front {
        revocation: true,
        ..Front::default()
    };
    bench.check(
        front.haproxy(bench.path()),
        [
            "the server at https://localhost:PORT refused the client certificate `CN=billing`: it is revoked (alert \
             certificate_revoked; valid until TIME; the server accepts `CN=Clients`)",
            "next: ask the issuer for a new certificate",
        ],
    );
}

#[test]
fn haproxy_that_does_not_ask() {
    let bench = Bench::new();
    let front = Front {
        silent: true,
        ..Front::default()
    };
    bench.check(
        front.haproxy(bench.path()),
        [
            "`localhost` does not ask for a client certificate",
            "next: if callers should prove who they are, something in front of the server ends TLS, or the server is not told \
             to ask: call the server itself, or have TLS passed through",
        ],
    );
}

#[test]
fn haproxy_whose_revocation_list_has_expired() {
    let bench = Bench::new();
    let list = bench.clients.crl(days(-9)).next_update(days(-2));
    bench.write("clients.crl", list.issue().unwrap().pem());
    let front = Front {
        revocation: true,
        ..Front::default()
    };
    bench.check(
        front.haproxy(bench.path()),
        [
            "the server at https://localhost:PORT refused the client certificate `CN=billing`: the server finds it or its own \
             revocation list expired, and by our clock it is valid (alert certificate_expired; valid until TIME; the server \
             accepts `CN=Clients`)",
            "next: compare the clocks of both ends; and the server's revocation list: OpenSSL says the same of one that has \
             expired",
        ],
    );
}

#[test]
fn node_and_a_certificate_that_is_not_valid_yet() {
    let bench = Bench::new();
    bench.present(&bench.client(|client| client.validity(days(2), days(9))));
    bench.check(
        Front::default().node(bench.path()),
        [
            "the server at https://localhost:PORT refused the client certificate `CN=billing`: it is not valid before TIME (closed \
             without an alert; valid until TIME; the server accepts `CN=Clients`)",
            "next: wait, or check the clock of this machine",
        ],
    );
}

#[test]
fn node_and_a_certificate_of_another_ca() {
    let bench = Bench::new();
    let other = Authority::root("Others", Timestamp::now()).unwrap();
    bench.present(
        &other
            .client(Timestamp::now())
            .common_name("billing")
            .issue()
            .unwrap(),
    );
    bench.check(
        Front::default().node(bench.path()),
        [
            "the server at https://localhost:PORT refused the client certificate `CN=billing`: it is issued under `CN=Others` \
             (closed without an alert; valid until TIME; the server accepts `CN=Clients`)",
            "next: the leaf was sent alone: if its issuer is an intermediate of a CA that the server accepts, add the \
             intermediate to the chain; else use a certificate of such a CA",
        ],
    );
}

#[test]
fn node_whose_ca_is_not_the_pinned_one() {
    let bench = Bench::new();
    let other = Authority::root("Others", Timestamp::now()).unwrap();
    bench.write("ca.pem", other.certificate_pem());
    bench.check(
        Front::default().node(bench.path()),
        [
            "the server at https://localhost:PORT is not trusted: its certificate is issued by `CN=Servers`, which no pinned CA is \
             or has certified",
            "next: pin the CA of the server's certificate, if it is right",
        ],
    );
}

#[test]
fn envoy_and_a_certificate_for_another_purpose() {
    let bench = Bench::new();
    bench.present(&bench.client(|client| client.extended_key_usage(&[Usage::Server])));
    bench.check(
        Front::default().envoy(bench.path()),
        [
            "the server at https://localhost:PORT refused the client certificate `CN=billing`: its extended key usage does not \
             allow client authentication (alert unsupported_certificate; valid until TIME; the server accepts `CN=Clients`)",
            "next: use a certificate whose extended key usage has clientAuth",
        ],
    );
}

#[test]
fn envoy_that_does_not_ask() {
    let bench = Bench::new();
    let front = Front {
        silent: true,
        ..Front::default()
    };
    bench.check(
        front.envoy(bench.path()),
        [
            "`localhost` does not ask for a client certificate",
            "next: if callers should prove who they are, something in front of the server ends TLS, or the server is not told \
             to ask: call the server itself, or have TLS passed through",
        ],
    );
}

#[test]
fn envoy_and_no_certificate() {
    let bench = Bench::new();
    let server = Front::default().envoy(bench.path());
    bench.check_with(
        server,
        &["--cacert", "ca.pem"],
        [
            "the server at https://localhost:PORT refused the client certificate: it requires one, and none was presented \
             (alert certificate_required; the server accepts `CN=Clients`)",
            "next: give the client a credential",
        ],
    );
}

#[test]
fn a_good_certificate_at_each_of_them() {
    let bench = Bench::new();
    let fronts = [Front::nginx, Front::haproxy, Front::node, Front::envoy];
    for server in fronts.map(|start| start(Front::default(), bench.path())) {
        let Some(server) = server else {
            continue;
        };
        let url = format!("https://localhost:{}/", server.port);
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        let command = command
            .current_dir(bench.path())
            .args(["doctor", "--json", &url]);
        let output = command
            .args(["--cacert", "ca.pem", "--cert", "client.pem"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let document: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(
            document["headline"],
            "`localhost` accepts the client certificate"
        );
        assert_eq!(document["issuer_accepted"], true);
        assert_eq!(document["tls"]["version"], "1.3");
        assert_eq!(document["status"], 200);
    }
}
