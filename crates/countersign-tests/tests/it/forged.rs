//! Somebody says that he is another: in every dialect, in every form, directly.

use countersign_axum::{Dialect, Unbelieved};
use countersign_pki::Issued;
use countersign_tests::{BILLING, REPORTS, Wire};

use crate::forwarded::{Fronted, HEADER, dialects, header, lines, member, said};
use crate::raw::Answer;

/// The forms in which `victim` is named in `dialect`, each with what to call it. `own` is what is true.
pub(crate) fn forgeries(
    dialect: &Dialect,
    victim: &Issued,
    own: &Issued,
) -> Vec<(&'static str, Vec<u8>)> {
    let forged = said(dialect, victim);
    let (name, value) = forged.first().unwrap().clone();
    let own = lines(&said(dialect, own));
    let one = lines(&forged);
    let line = |name: &str, value: &str| format!("{name}: {value}\r\n").into_bytes();
    let half = value.get(..value.len() / 2).unwrap();
    let underscored = line(&name.replace('-', "_"), &value);
    vec![
        ("alone", one.clone()),
        ("before a real one", [one.clone(), own.clone()].concat()),
        ("behind a real one", [own, one.clone()].concat()),
        ("twice", [one.clone(), one.clone()].concat()),
        (
            "in one line with itself",
            line(&name, &format!("{value}, {value}")),
        ),
        ("in capitals", line(&name.to_ascii_uppercase(), &value)),
        ("in odd case", line(&odd(&name), &value)),
        ("with underscores", underscored),
        (
            "with one underscore",
            line(&name.replacen('-', "_", 1), &value),
        ),
        ("folded", line(&name, &format!("\r\n {value}"))),
        (
            "with a space before the colon",
            line(&format!("{name} "), &value),
        ),
        ("malformed", line(&name, half)),
        ("empty", line(&name, "")),
        ("oversized", line(&name, &value.repeat(40))),
        (
            "named in Connection",
            [
                b"Connection: keep-alive, ".as_slice(),
                name.as_bytes(),
                b"\r\n",
                &one,
            ]
            .concat(),
        ),
    ]
}

fn odd(name: &str) -> String {
    let odd = |(index, c): (usize, char)| match index % 2 {
        0 => c.to_ascii_uppercase(),
        _ => c,
    };
    name.chars().enumerate().map(odd).collect()
}

/// It is answered as the one who asks, or refused.
pub(crate) fn never_the_victim(answer: &Answer, case: &str) {
    // 494 is nginx's word for 431.
    let refused = [400, 401, 403, 413, 431, 494, 502].contains(&answer.status);
    let honest = answer.status == 200 && member(answer, "principal") == "reports";
    assert!(refused || honest, "{case}: {answer:?}");
    assert!(!answer.body.contains("billing"), "{case}: {answer:?}");
}

#[tokio::test]
async fn a_direct_client_is_itself_whatever_it_says() {
    let mut rows = 0;
    for mode in [Unbelieved::Strip, Unbelieved::Refuse] {
        for configured in dialects() {
            let fronted = Fronted::start(configured, mode).await;
            let (billing, reports) = (fronted.client(BILLING), fronted.client(REPORTS));
            for dialect in dialects() {
                for (form, lines) in forgeries(&dialect, &billing, &reports) {
                    let case = format!("{mode:?}: {dialect:?}, {form}");
                    let mut client = fronted.connect(&reports).await;
                    let answer = client.get("/whoami", &lines).await.unwrap();
                    never_the_victim(&answer, &case);
                    match mode {
                        _ if form == "folded" || form.contains("space") => {
                            assert_eq!(answer.status, 400, "{case}");
                        }
                        _ if form == "oversized" && answer.status == 431 => {}
                        Unbelieved::Refuse => {
                            assert_eq!(
                                member(&answer, "code"),
                                "forwarded-identity-untrusted",
                                "{case}"
                            );
                        }
                        _ => assert_eq!(answer.status, 200, "{case}: {answer:?}"),
                    }
                    rows += 1;
                }
            }
        }
    }
    assert_eq!(rows, 2 * 6 * 6 * 15);
}

/// The certificate that the gateway forwards is the forger's own; what he adds reached us too.
#[tokio::test]
async fn what_a_gateway_lets_through_beside_its_own_word_makes_nobody_another() {
    for mode in [Unbelieved::Strip, Unbelieved::Refuse] {
        for spoken in dialects() {
            let fronted = Fronted::start(spoken.clone(), mode).await;
            let (billing, reports) = (fronted.client(BILLING), fronted.client(REPORTS));
            let own = lines(&said(&spoken, &reports));
            for dialect in dialects() {
                let same = dialect.headers() == spoken.headers();
                for (form, forged) in forgeries(&dialect, &billing, &reports) {
                    // In its own header a gateway is believed: that it overwrites what its clients send is its
                    // part. A second one beside it is refused all the same.
                    if same
                        && ["behind a real one", "alone", "oversized"].contains(&form)
                        && spoken != Dialect::ClientCert
                    {
                        continue;
                    }
                    let case = format!("{mode:?}: {spoken:?} beside {dialect:?}, {form}");
                    let lines = [forged, own.clone()].concat();
                    let mut edge = fronted.connect(&fronted.edge).await;
                    let answer = edge.get("/whoami", &lines).await.unwrap();
                    never_the_victim(&answer, &case);
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_believed_is_counted_and_named_in_the_log() {
    let dialect = Dialect::EscapedPem(header(HEADER));
    for (mode, status) in [(Unbelieved::Strip, 200), (Unbelieved::Refuse, 400)] {
        let mut fronted = Fronted::start(dialect.clone(), mode).await;
        let (billing, reports) = (fronted.client(BILLING), fronted.client(REPORTS));
        let forged = [
            lines(&said(&Dialect::ClientCert, &billing)),
            b"x_client_dn: CN=a\r\n".to_vec(),
        ]
        .concat();
        let mut client = fronted.connect(&reports).await;
        let answer = client.get("/whoami", &forged).await.unwrap();
        assert_eq!(answer.status, status);
        let event = fronted.world.event().await.unwrap();
        assert_eq!(event.unbelieved(), ["client-cert", "x_client_dn"]);
        let line = serde_json::to_string(&event).unwrap();
        assert!(
            line.contains(r#""unbelieved":["client-cert","x_client_dn"]"#),
            "{line}"
        );
        let text = fronted.world.ask_admin("/metrics").await.unwrap().1;
        let outcome = if status == 200 { "stripped" } else { "refused" };
        let count = format!("countersign_identity_headers_total{{outcome=\"{outcome}\"}} 2");
        assert!(text.contains(&count), "{text}");
    }
}

/// HTTP/2 has no lines: what is left is once, twice, with underscores, and malformed.
#[tokio::test]
async fn nor_over_any_version_of_tls_and_http() {
    for wire in Wire::ALL {
        let fronted = Fronted::start(Dialect::ClientCert, Unbelieved::Strip).await;
        let billing = fronted.client(BILLING);
        let reports = fronted.world.client_as(REPORTS).unwrap();
        let client = wire.only(reports).build().await.unwrap();
        for dialect in dialects() {
            let (name, value) = said(&dialect, &billing).first().unwrap().clone();
            let underscored = name.replace('-', "_");
            let half = value.get(..value.len() / 2).unwrap().to_owned();
            for headers in [
                vec![(&name, &value)],
                vec![(&name, &value), (&name, &value)],
                vec![(&underscored, &value)],
                vec![(&name, &half)],
            ] {
                let request = client.get(fronted.world.url("/whoami"));
                let request = headers.into_iter().fold(request, |request, (name, value)| {
                    request.header(name, value)
                });
                let body = request.send().await.unwrap().text().await.unwrap();
                assert!(body.contains(r#""principal":"reports""#), "{wire}: {body}");
            }
        }
    }
}
