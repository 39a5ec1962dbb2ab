//! What a call learns of a refusal from servers of other makes, over both versions of TLS and of HTTP: the
//! best that each allows, every time.

use std::fs;
use std::path::Path;

use countersign_client::{
    Alert, Client, Credential, Ending, Error, HttpVersion, Kind, Likely, Refused, ServerTrust,
    StatusCode, TlsVersion,
};
use countersign_pki::{Authority, Request, RevocationReason, Usage};
use jiff::{SignedDuration, Timestamp};

use crate::fronts::Front;
use crate::running::Running;

/// What is wrong with the certificate, or with the server's list.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Case {
    None,
    UnknownCa,
    Expired,
    NotYetValid,
    Revoked,
    WrongPurpose,
    StaleList,
}

const CASES: [Case; 7] = [
    Case::None,
    Case::UnknownCa,
    Case::Expired,
    Case::NotYetValid,
    Case::Revoked,
    Case::WrongPurpose,
    Case::StaleList,
];

/// A server of this make, and what is presented to it.
struct Row {
    folder: tempfile::TempDir,
    credential: Option<Credential>,
    front: Front,
}

impl Row {
    fn of(case: Case) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        let servers = Authority::root_valid("Servers", days(-100), days(100)).unwrap();
        let clients = Authority::root_valid("Clients", days(-100), days(100)).unwrap();
        let server = servers.server(Timestamp::now()).dns("localhost");
        let server = server.issue().unwrap();
        write("ca.pem", servers.certificate_pem());
        write("clients.pem", clients.certificate_pem());
        write("server.pem", server.chain_pem());
        write("server-key.pem", server.key_pem());

        let others = Authority::root("Others", Timestamp::now()).unwrap();
        let issuer = if case == Case::UnknownCa {
            &others
        } else {
            &clients
        };
        let client = issuer.client(Timestamp::now()).common_name("billing");
        let client = shaped(client, case).issue().unwrap();
        let list = match case {
            Case::StaleList => clients.crl(days(-9)).next_update(days(-2)),
            _ => clients.crl(Timestamp::now()),
        };
        let list = match case {
            Case::Revoked => {
                let reason = RevocationReason::KeyCompromise;
                list.revoke(&client.serial(), reason, Timestamp::now())
            }
            _ => list,
        };
        write("clients.crl", list.issue().unwrap().pem());
        let (chain, key) = (client.chain_pem(), client.key_pem());
        let credential = Credential::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        Self {
            folder,
            credential: (case != Case::None).then_some(credential),
            front: Front {
                revocation: matches!(case, Case::Revoked | Case::StaleList),
                ..Front::default()
            },
        }
    }

    async fn call(&self, server: &Running, tls: TlsVersion, http: HttpVersion) -> Error {
        let client = self.client(tls, http).await;
        let url = format!("https://localhost:{}/", server.port);
        let request = client.post(url).body(vec![0; 64 * 1024]);
        request.send().await.unwrap_err()
    }

    async fn client(&self, tls: TlsVersion, http: HttpVersion) -> Client {
        let ca = self.folder.path().join("ca.pem");
        let builder = Client::builder()
            .trust(ServerTrust::pinned_ca_pem_file(ca).unwrap())
            .tls_version(tls)
            .http_version(http);
        let builder = match &self.credential {
            Some(credential) => builder.credential(credential.clone()),
            None => builder,
        };
        builder.build().await.unwrap()
    }
}

fn shaped(request: Request<'_>, case: Case) -> Request<'_> {
    match case {
        Case::Expired => request.validity(days(-9), days(-2)),
        Case::NotYetValid => request.validity(days(2), days(9)),
        Case::WrongPurpose => request.extended_key_usage(&[Usage::Server]),
        _ => request,
    }
}

fn days(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

#[test]
fn haproxy_says_all_but_two_things_by_alert() {
    at(Front::haproxy, &BOTH, |case, tls, told| {
        let alert = match case {
            // OpenSSL has another for this than it has for the other end.
            Case::NotYetValid => Alert::BAD_CERTIFICATE,
            case => alert(case, tls),
        };
        assert_eq!((told.alert, told.ending), (Some(alert), Ending::Alert));
        assert!(is_cause(case, &told.likely));
    });
}

#[test]
fn envoy_says_all_but_one_thing_by_alert() {
    at(Front::envoy, &BOTH, |case, tls, told| {
        let alert = alert(case, tls);
        assert_eq!((told.alert, told.ending), (Some(alert), Ending::Alert));
        assert!(is_cause(case, &told.likely));
    });
}

/// What is on its lists, and of what age they are, it tells nobody.
#[test]
fn node_hangs_up_and_our_own_facts_say_the_rest() {
    at(Front::node, &[HttpVersion::Http1], |case, tls, told| {
        let (wanted, ending) = match case {
            Case::None => (Some(alert(case, tls)), Ending::Alert),
            _ => (None, Ending::Closed),
        };
        assert_eq!((told.alert, told.ending), (wanted, ending));
        assert!(is_cause_unless_on_a_list(case, &told.likely));
    });
}

/// It takes the request before it refuses it.
#[test]
fn nginx_answers_a_page_and_our_own_facts_say_the_rest() {
    at(Front::nginx, &[HttpVersion::Http1], |case, _, told| {
        let ending = Ending::Answered(StatusCode::BAD_REQUEST);
        assert_eq!((told.alert, told.ending), (None, ending));
        assert!(is_cause_unless_on_a_list(case, &told.likely));
    });
}

fn alert(case: Case, tls: TlsVersion) -> Alert {
    match case {
        Case::None if tls == TlsVersion::Tls12 => Alert::HANDSHAKE_FAILURE,
        Case::None => Alert::CERTIFICATE_REQUIRED,
        Case::UnknownCa => Alert::UNKNOWN_CA,
        // Of a list that has expired they say that the certificate has.
        Case::Expired | Case::NotYetValid | Case::StaleList => Alert::CERTIFICATE_EXPIRED,
        Case::Revoked => Alert::CERTIFICATE_REVOKED,
        Case::WrongPurpose => Alert::UNSUPPORTED_CERTIFICATE,
    }
}

fn is_cause(case: Case, likely: &Likely) -> bool {
    match case {
        Case::None => *likely == Likely::NoCertificate,
        Case::UnknownCa => matches!(likely, Likely::IssuerNotAccepted { .. }),
        Case::Expired => matches!(likely, Likely::Expired { .. }),
        Case::NotYetValid => matches!(likely, Likely::NotYetValid { .. }),
        Case::Revoked => *likely == Likely::Revoked,
        Case::WrongPurpose => *likely == Likely::WrongPurpose,
        Case::StaleList => *likely == Likely::ValidByOurClock,
    }
}

fn is_cause_unless_on_a_list(case: Case, likely: &Likely) -> bool {
    match case {
        Case::Revoked | Case::StaleList => *likely == Likely::Unknown,
        case => is_cause(case, likely),
    }
}

type Start = fn(Front, &Path) -> Option<Running>;

/// Every case at a server of this make, each time with a POST that it cannot have seen unless it answered.
fn at(start: Start, http: &[HttpVersion], check: impl Fn(Case, TlsVersion, &Refused)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for case in CASES {
        let row = Row::of(case);
        let Some(server) = start(row.front, row.folder.path()) else {
            return;
        };
        for tls in [TlsVersion::Tls12, TlsVersion::Tls13] {
            for http in http.iter().cycle().take(http.len() * times()) {
                let error = runtime.block_on(row.call(&server, tls, *http));
                let Kind::Refused(refused) = error.kind() else {
                    panic!("{case:?}, TLS {tls}, {http:?}: {error:?}");
                };
                println!("{case:?}, TLS {tls}, {http:?}: {refused}");
                assert_eq!(refused.acceptable, ["CN=Clients"]);
                let answered = matches!(refused.ending, Ending::Answered(_));
                assert_eq!(error.is_safe_to_retry(), !answered);
                check(case, tls, refused);
            }
        }
    }
}

/// How often each is tried; `COUNTERSIGN_REFUSALS` says otherwise.
fn times() -> usize {
    let times = std::env::var("COUNTERSIGN_REFUSALS").ok();
    times.map_or(3, |times| times.parse().unwrap())
}

const BOTH: [HttpVersion; 2] = [HttpVersion::Http1, HttpVersion::Http2];
